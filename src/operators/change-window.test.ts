import fc from 'fast-check';
import { from, lastValueFrom, NEVER, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Stage } from '../core/ledger.ts';
import type { Payload, Sample } from '../core/types.ts';
import { changeWindow, type ChangeWindowOptions } from './change-window.ts';

const rgb = (level: number): Payload => ({ kind: 'rgb24', width: 40, height: 30, data: new Uint8Array(40 * 30 * 3).fill(level) });
const heat = (celsius: number): Payload => ({ kind: 'thermal', width: 32, height: 24, celsius: new Float32Array(768).fill(celsius) });
const depth = (mm: number): Payload => ({ kind: 'depth', width: 32, height: 24, mm: new Uint16Array(768).fill(mm) });
const jpeg = (byte: number): Payload => ({ kind: 'encoded', bytes: Uint8Array.of(0xff, 0xd8, byte) });

const sample = (seq: number, payload: Payload, timeMs = seq * 100): Sample => ({
  source: 'front',
  modality: 'image',
  seq,
  timeUs: timeMs * 1000,
  durationUs: 0,
  errorUs: 7,
  payload,
});
const passed = async (samples: readonly Sample[], options: ChangeWindowOptions = {}): Promise<number[]> =>
  (await lastValueFrom(from(samples).pipe(changeWindow(options), toArray()))).map(({ samples: { first } }) => first);

describe('changeWindow', () => {
  const frames: [string, Payload[], number[]][] = [
    ['pictures by their brightness', [rgb(100), rgb(101), rgb(104), rgb(106), rgb(106)], [0, 3]],
    ['heat by its temperature', [heat(20), heat(20.1), heat(20.3), heat(20.3)], [0, 2]],
    ['depth by how many points moved', [depth(1000), depth(1040), depth(1060), depth(0)], [0, 2, 3]],
    ['compressed pictures by their bytes', [jpeg(1), jpeg(1), jpeg(2)], [0, 2]],
    ['another size as a change', [heat(20), { ...heat(20), width: 24, height: 32 } as Payload], [0, 1]],
  ];
  it.each(frames)('compares %s', async (_, payloads, expected) => {
    expect(await passed(payloads.map((payload, i) => sample(i, payload)))).toEqual(expected);
  });

  it('lets pass what changed slowly once it has changed enough, and notes the rest', async () => {
    const stage = new Stage('front', 'window');
    const slow = Array.from({ length: 30 }, (_, i) => sample(i, rgb(100 + i)));
    expect(await passed(slow, { minChange: 0.039, stage })).toEqual([0, 10, 20]);
    expect(stage.line()).toMatchObject({ received: 30, emitted: 30, noted: { unchanged: 27 }, sums: true });
  });

  it('lets one pass after atLeastEveryMs, and drops duplicates and late frames', async () => {
    const stage = new Stage('front', 'window');
    const still = Array.from({ length: 10 }, (_, i) => sample(i, rgb(5)));
    expect(await passed(still, { atLeastEveryMs: 400 })).toEqual([0, 4, 8]);
    expect(await passed([sample(1, rgb(5)), sample(1, rgb(200)), sample(0, rgb(90))], { stage })).toEqual([1]);
    expect(stage.line()).toMatchObject({ received: 3, emitted: 1, dropped: { duplicate: 1, late: 1 }, sums: true });
  });

  it('is a window of one frame, passes errors on, is silent on never, and frees its source', async () => {
    const [window] = await lastValueFrom(from([sample(3, rgb(1))]).pipe(changeWindow(), toArray()));
    expect(window).toMatchObject({ startUs: 300_000, endUs: 300_001, errorUs: 7, coverage: 1, samples: { first: 3, last: 3, missing: 0 } });
    await expect(lastValueFrom(throwError(() => new Error('gone')).pipe(changeWindow()))).rejects.toThrow('gone');
    NEVER.pipe(changeWindow()).subscribe().unsubscribe();
    const input = new Subject<Sample>();
    input.pipe(changeWindow()).subscribe().unsubscribe();
    expect(input.observed).toBe(false);
  });

  it('passes the same frames for any order of arrival within the lateness', async () => {
    const arrivals = fc.array(fc.record({ at: fc.nat({ max: 3000 }), delay: fc.nat({ max: 200 }), level: fc.nat({ max: 40 }) }), {
      maxLength: 40,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, async (list) => {
        const ordered = list
          .toSorted((a, b) => a.at - b.at)
          .map((one, i) => ({ item: sample(i, rgb(one.level), one.at), arrives: one.at + one.delay }));
        const shuffled = ordered.toSorted((a, b) => a.arrives - b.arrives).map(({ item }) => item);
        const inOrder = ordered.map(({ item }) => item);
        expect(await passed(shuffled, { latenessMs: 201 })).toEqual(await passed(inOrder, { latenessMs: 201 }));
      }),
    );
  });
});

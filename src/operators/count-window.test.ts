import fc from 'fast-check';
import { from, lastValueFrom, NEVER, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Stage } from '../core/ledger.ts';
import type { Imu, Sample, Window } from '../core/types.ts';
import { countWindow, type CountWindowOptions } from './count-window.ts';

const values = new Float32Array(6);
const sample = (seq: number, timeMs: number): Sample<Imu> => ({
  source: 'wrist',
  modality: 'imu',
  seq,
  timeUs: timeMs * 1000,
  durationUs: 0,
  errorUs: 0,
  payload: { kind: 'imu', values },
});
const run = (samples: readonly Sample<Imu>[], options: CountWindowOptions): Promise<Window<Imu>[]> =>
  lastValueFrom(from(samples).pipe(countWindow<Imu>(options), toArray()));
const seqs = (windows: readonly Window<Imu>[]): number[][] => windows.map(({ members }) => members.map(({ seq }) => seq));
const inARow = (count: number): Sample<Imu>[] => Array.from({ length: count }, (_, i) => sample(i, i * 10));

describe('countWindow', () => {
  it('groups by number, and what is left at the end of the input is shorter and says so', async () => {
    const windows = await run(inARow(7), { count: 3 });
    expect(seqs(windows)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(windows[0]).toMatchObject({ startUs: 0, endUs: 20_001, coverage: 1 });
    expect(windows[2]?.coverage).toBeCloseTo(1 / 3, 9);
  });

  it('overlaps or stands apart by everyCount', async () => {
    expect(seqs(await run(inARow(7), { count: 4, everyCount: 2 }))).toEqual([
      [0, 1, 2, 3],
      [2, 3, 4, 5],
      [4, 5, 6],
    ]);
    const stage = new Stage('wrist', 'window');
    expect(seqs(await run(inARow(8), { count: 2, everyCount: 3, stage }))).toEqual([
      [0, 1],
      [3, 4],
      [6, 7],
    ]);
    expect(stage.line()).toMatchObject({ emitted: 8, noted: { betweenWindows: 2 }, sums: true });
  });

  it('orders by event time within the lateness; what is later is late, what is known a duplicate', async () => {
    const stage = new Stage('wrist', 'window');
    const windows = await run([sample(0, 0), sample(2, 20), sample(1, 10), sample(1, 10), sample(9, 100), sample(3, 30)], {
      count: 2,
      latenessMs: 50,
      stage,
    });
    expect(seqs(windows)).toEqual([
      [0, 1],
      [2, 9],
    ]);
    expect(stage.line()).toMatchObject({ received: 6, emitted: 4, dropped: { duplicate: 1, late: 1 }, sums: true });
  });

  it('emits as soon as the last member has settled', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[] = [];
    const subscription = input.pipe(countWindow<Imu>({ count: 2 })).subscribe(({ members }) => seen.push(members.length));
    input.next(sample(0, 0));
    expect(seen).toEqual([]);
    input.next(sample(1, 10));
    expect(seen).toEqual([2]);
    subscription.unsubscribe();
    expect(input.observed).toBe(false);
  });

  it('holds no more than maxSamples that have not settled', async () => {
    const stage = new Stage('wrist', 'window');
    await run(inARow(50), { count: 5, latenessMs: 60_000, maxSamples: 10, stage });
    expect(stage.line()).toMatchObject({ emitted: 10, dropped: { windowFull: 40 }, sums: true });
  });

  it('is silent on never and on empty, passes errors on, and wants whole numbers', async () => {
    NEVER.pipe(countWindow<Imu>({ count: 1 }))
      .subscribe()
      .unsubscribe();
    expect(await run([], { count: 2 })).toEqual([]);
    await expect(lastValueFrom(throwError(() => new Error('line cut')).pipe(countWindow<Imu>({ count: 1 })))).rejects.toThrow('line cut');
    expect(() => countWindow({ count: 1.5 })).toThrow('count 1.5');
  });

  it('gives the same windows for any order of arrival within the lateness', async () => {
    const arrivals = fc.array(fc.record({ at: fc.nat({ max: 3000 }), delay: fc.nat({ max: 200 }) }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), async (list, count, everyCount) => {
        const ordered = list.toSorted((a, b) => a.at - b.at).map((one, i) => ({ item: sample(i, one.at), arrives: one.at + one.delay }));
        const options = { count, everyCount, latenessMs: 201 };
        const inOrder = ordered.map(({ item }) => item);
        const shuffled = ordered.toSorted((a, b) => a.arrives - b.arrives).map(({ item }) => item);
        expect(await run(shuffled, options)).toEqual(await run(inOrder, options));
      }),
    );
  });
});

import fc from 'fast-check';
import { from, lastValueFrom, NEVER, Subject, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Stage } from '../core/ledger.ts';
import type { Imu, Sample, Window } from '../core/types.ts';
import { sessionWindow, type SessionWindowOptions } from './session-window.ts';

const values = new Float32Array(6);
const sample = (seq: number, timeMs: number): Sample<Imu> => ({
  source: 'door',
  modality: 'imu',
  seq,
  timeUs: timeMs * 1000,
  durationUs: 0,
  errorUs: seq,
  payload: { kind: 'imu', values },
});
const run = (samples: readonly Sample<Imu>[], options: SessionWindowOptions): Promise<Window<Imu>[]> =>
  lastValueFrom(from(samples).pipe(sessionWindow<Imu>(options), toArray()));
const shown = (windows: readonly Window<Imu>[]): (readonly [number, number, number[]])[] =>
  windows.map(({ startUs, endUs, members }) => [startUs / 1000, endUs / 1000, members.map(({ seq }) => seq)]);

describe('sessionWindow', () => {
  it('ends a session one gap after its last sample, and a claim that only touches it is another', async () => {
    const windows = await run([sample(0, 0), sample(1, 60), sample(2, 160), sample(3, 259)], { gapMs: 100 });
    expect(shown(windows)).toEqual([
      [0, 160, [0, 1]],
      [160, 359, [2, 3]],
    ]);
    expect(windows[1]).toMatchObject({ errorUs: 3, samples: { first: 2, last: 3, missing: 0 } });
  });

  it('lets a late sample join and merge what it overlaps while it is open', async () => {
    const stage = new Stage('door', 'window');
    const windows = await run([sample(0, 0), sample(2, 150), sample(1, 80), sample(3, 1000)], { gapMs: 100, latenessMs: 100, stage });
    expect(shown(windows)).toEqual([
      [0, 250, [0, 1, 2]],
      [1000, 1100, [3]],
    ]);
    expect(stage.line()).toMatchObject({ received: 4, emitted: 4, sums: true });
  });

  it('drops a sample that overlaps nothing open and whose claim is over, and a duplicate before all else', async () => {
    const stage = new Stage('door', 'window');
    // After 1000 the watermark is 900: a claim of 800 to 900 is over, one of 801 to 901 is not.
    const windows = await run([sample(0, 1000), sample(0, 1010), sample(1, 800), sample(2, 801)], { gapMs: 100, latenessMs: 100, stage });
    expect(shown(windows)).toEqual([
      [801, 901, [2]],
      [1000, 1100, [0]],
    ]);
    expect(stage.line()).toMatchObject({ received: 4, emitted: 2, dropped: { duplicate: 1, late: 1 }, sums: true });
  });

  it('emits with the watermark, not before, and keeps state per subscription', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[] = [];
    const windows$ = input.pipe(sessionWindow<Imu>({ gapMs: 100 }));
    const subscription = windows$.subscribe(({ startUs }) => seen.push(startUs / 1000));
    input.next(sample(0, 0));
    input.next(sample(1, 199));
    expect(seen).toEqual([0]);
    subscription.unsubscribe();
    expect(input.observed).toBe(false);
  });

  it('holds no more than maxSamples', async () => {
    const stage = new Stage('door', 'window');
    await run(
      Array.from({ length: 50 }, (_, i) => sample(i, i)),
      { gapMs: 100, maxSamples: 10, stage },
    );
    expect(stage.line()).toMatchObject({ emitted: 10, dropped: { windowFull: 40 }, sums: true });
  });

  it('is silent on never and on empty, passes errors on, and wants a gap', async () => {
    NEVER.pipe(sessionWindow<Imu>({ gapMs: 1 }))
      .subscribe()
      .unsubscribe();
    expect(await run([], { gapMs: 1 })).toEqual([]);
    const failing = throwError(() => new Error('line cut')).pipe(sessionWindow<Imu>({ gapMs: 1 }));
    await expect(lastValueFrom(failing)).rejects.toThrow('line cut');
    expect(() => sessionWindow({ gapMs: 0 })).toThrow('gapMs 0');
  });

  it('gives the same sessions for any order of arrival within the lateness, each sample in exactly one', async () => {
    const arrivals = fc.array(fc.record({ at: fc.nat({ max: 3000 }), delay: fc.nat({ max: 200 }) }), { minLength: 1, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.constantFrom(20, 100, 300), async (list, gapMs) => {
        const ordered = list.toSorted((a, b) => a.at - b.at).map((one, i) => ({ item: sample(i, one.at), arrives: one.at + one.delay }));
        const options = { gapMs, latenessMs: 201 };
        const inOrder = await run(
          ordered.map(({ item }) => item),
          options,
        );
        const shuffled = await run(
          ordered.toSorted((a, b) => a.arrives - b.arrives).map(({ item }) => item),
          options,
        );
        expect(shuffled).toEqual(inOrder);
        expect(inOrder.flatMap(({ members }) => members.map(({ seq }) => seq)).sort((a, b) => a - b)).toEqual(ordered.map((_, i) => i));
        for (const [i, { startUs }] of inOrder.entries()) expect(startUs).toBeGreaterThanOrEqual(inOrder[i - 1]?.endUs ?? -1);
      }),
    );
  });

  it('counts every sample as accepted, duplicate or late, whatever comes', async () => {
    const anything = fc.array(fc.record({ seq: fc.nat({ max: 30 }), at: fc.nat({ max: 2000 }) }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anything, async (list) => {
        const stage = new Stage('door', 'window');
        const windows = await run(
          list.map(({ seq, at }) => sample(seq, at)),
          { gapMs: 50, latenessMs: 100, stage },
        );
        const { received, emitted, dropped, sums } = stage.line();
        expect(sums).toBe(true);
        expect(received).toBe(emitted + (dropped['duplicate'] ?? 0) + (dropped['late'] ?? 0));
        expect(windows.reduce((sum, { members }) => sum + members.length, 0)).toBe(emitted);
      }),
    );
  });

  it('follows the rules to the letter, against a slow reading of them', async () => {
    const anything = fc.array(fc.record({ seq: fc.nat({ max: 40 }), at: fc.nat({ max: 1500 }) }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom(30, 100), fc.constantFrom(0, 60, 150), async (list, gapMs, latenessMs) => {
        const stage = new Stage('door', 'window');
        const windows = await run(
          list.map(({ seq, at }) => sample(seq, at)),
          { gapMs, latenessMs, stage },
        );
        const counts = { duplicate: 0, late: 0 };
        const expected: [number, number, number[]][] = [];
        const seen = new Set<number>();
        let open: { at: number; seq: number }[][] = [];
        let watermark = Number.NEGATIVE_INFINITY;
        const first = (session: readonly { at: number }[]): number => Math.min(...session.map(({ at }) => at));
        const end = (session: readonly { at: number }[]): number => Math.max(...session.map(({ at }) => at)) + gapMs;
        const close = (until: number): void => {
          for (const session of open.filter((one) => end(one) <= until).sort((a, b) => first(a) - first(b))) {
            const inOrder = session.sort((a, b) => a.at - b.at || a.seq - b.seq).map(({ seq }) => seq);
            expected.push([first(session), end(session), inOrder]);
          }
          open = open.filter((one) => end(one) > until);
        };
        for (const one of list) {
          if (seen.has(one.seq)) {
            counts.duplicate++;
            continue;
          }
          seen.add(one.seq);
          const joined = open.filter((session) => one.at < end(session) && one.at + gapMs > first(session));
          if (joined.length === 0 && one.at + gapMs <= watermark) {
            counts.late++;
            continue;
          }
          open = [...open.filter((session) => !joined.includes(session)), [...joined.flat(), one]];
          watermark = Math.max(watermark, one.at - latenessMs);
          close(watermark);
        }
        close(Number.POSITIVE_INFINITY);
        expect(shown(windows)).toEqual(expected);
        const { dropped } = stage.line();
        expect({ duplicate: dropped['duplicate'] ?? 0, late: dropped['late'] ?? 0 }).toEqual(counts);
      }),
    );
  });
});

import fc from 'fast-check';
import { from, NEVER, Subject, throwError, toArray, lastValueFrom, type Observable } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Stage } from '../core/ledger.ts';
import type { Imu, Sample, Window } from '../core/types.ts';
import { slidingWindow, type SlidingWindowOptions } from './sliding-window.ts';

const values = new Float32Array(6);
const sample = (seq: number, timeMs: number, durationMs = 0): Sample<Imu> => ({
  source: 'wrist',
  modality: 'imu',
  seq,
  timeUs: timeMs * 1000,
  durationUs: durationMs * 1000,
  errorUs: 0,
  payload: { kind: 'imu', values },
});

const run = (samples: readonly Sample<Imu>[], options: SlidingWindowOptions): Promise<Window<Imu>[]> =>
  lastValueFrom(from(samples).pipe(slidingWindow<Imu>(options), toArray()));

const seqs = (windows: readonly Window<Imu>[]): (readonly [number, number[]])[] =>
  windows.map((window) => [window.startUs / 1000, window.members.map((member) => member.seq)] as const);

describe('slidingWindow', () => {
  it('aligns tumbling windows to 0 of the epoch, start inside, end outside', async () => {
    const windows = await run([sample(0, 1990), sample(1, 2000), sample(2, 2999), sample(3, 3000)], { sizeMs: 1000 });
    expect(seqs(windows)).toEqual([
      [1000, [0]],
      [2000, [1, 2]],
      [3000, [3]],
    ]);
  });

  it('puts a sample into each sliding window that holds its time', async () => {
    const windows = await run([sample(0, 100), sample(1, 600), sample(2, 1100)], { sizeMs: 1000, hopMs: 500 });
    expect(seqs(windows)).toEqual([
      [-500, [0]],
      [0, [0, 1]],
      [500, [1, 2]],
      [1000, [2]],
    ]);
  });

  it('emits a window once the watermark reaches its end, not before', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[] = [];
    input.pipe(slidingWindow<Imu>({ sizeMs: 1000, latenessMs: 200 })).subscribe((window) => seen.push(window.startUs / 1000));
    input.next(sample(0, 500));
    input.next(sample(1, 1199));
    expect(seen).toEqual([]);
    input.next(sample(2, 1200));
    expect(seen).toEqual([0]);
  });

  it('drops duplicates before anything else, and late samples by the watermark as it stood before them', async () => {
    const stage = new Stage('wrist', 'samples');
    const windows = await run([sample(0, 100), sample(1, 1300), sample(1, 1300), sample(2, 900), sample(3, 1250)], {
      sizeMs: 1000,
      latenessMs: 200,
      stage,
    });
    expect(seqs(windows)).toEqual([
      [0, [0]],
      [1000, [3, 1]],
    ]);
    expect(stage.line()).toMatchObject({ received: 5, emitted: 3, dropped: { duplicate: 1, late: 1 }, sums: true });
  });

  it('accepts a sample that is too late for some of its windows and notes it as latePartial', async () => {
    const stage = new Stage('wrist', 'samples');
    const windows = await run([sample(0, 900), sample(1, 1600), sample(2, 1400)], { sizeMs: 1000, hopMs: 500, latenessMs: 0, stage });
    // [500, 1500) closed when 1600 came; 1400 still belongs to [1000, 2000).
    expect(seqs(windows)).toEqual([
      [0, [0]],
      [500, [0]],
      [1000, [2, 1]],
      [1500, [1]],
    ]);
    expect(stage.line()).toMatchObject({ emitted: 3, dropped: {}, noted: { latePartial: 1 }, sums: true });
  });

  it('says how many sequence numbers inside never came, and how much of the span is covered', async () => {
    const samples = Array.from({ length: 100 }, (_, i) => sample(i, i * 10)).filter((_, i) => i < 40 || i >= 60);
    const [window] = await run(samples, { sizeMs: 1000 });
    expect(window?.samples).toEqual({ first: 0, last: 99, missing: 20 });
    expect(window?.coverage).toBeCloseTo(0.8025, 4);
  });

  it('covers a window by chunks that reach into it from before', async () => {
    const chunks = Array.from({ length: 12 }, (_, i) => sample(i, i * 100 - 30, 100));
    const windows = await run(chunks, { sizeMs: 500 });
    expect(seqs(windows)[1]).toEqual([0, [0, 1, 2, 3, 4, 5]]);
    expect(windows[1]?.coverage).toBe(1);
    expect(windows[0]?.coverage).toBeCloseTo(0.06, 5);
  });

  it('closes a whole window at once where sequence numbers prove that nothing is missing', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[] = [];
    const windows$ = input.pipe(slidingWindow<Imu>({ sizeMs: 100, latenessMs: 1000, closeWhenWhole: true }));
    windows$.subscribe((window) => seen.push(window.startUs / 1000));
    for (let i = 0; i <= 20; i++) input.next(sample(i, i * 10));
    expect(seen).toEqual([0, 100]);
    input.next(sample(22, 220));
    for (let i = 23; i < 35; i++) input.next(sample(i, i * 10));
    expect(seen).toEqual([0, 100]); // 21 may still come
    input.next(sample(21, 210));
    expect(seen).toEqual([0, 100, 200]);
  });

  it('does not take a window for whole that may miss a sample at the very time of its start', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[][] = [];
    input
      .pipe(slidingWindow<Imu>({ sizeMs: 100, latenessMs: 200, closeWhenWhole: true }))
      .subscribe(({ members }) => seen.push(members.map(({ seq }) => seq)));
    input.next(sample(2, 0));
    input.next(sample(3, 100));
    expect(seen).toEqual([]);
    input.next(sample(1, 0));
    input.next(sample(5, 300));
    expect(seen).toEqual([[1, 2]]);
  });

  it('takes a window that begins before number 0 for whole, as nothing can come before that', () => {
    const startsOf = (first: number): number[] => {
      const input = new Subject<Sample<Imu>>();
      const seen: number[] = [];
      input
        .pipe(slidingWindow<Imu>({ sizeMs: 100, latenessMs: 200, closeWhenWhole: true }))
        .subscribe((window) => seen.push(window.startUs / 1000));
      input.next(sample(first + 1, 80));
      input.next(sample(first + 2, 110));
      expect(seen).toEqual([]);
      input.next(sample(first, 50));
      input.next(sample(first + 3, 120));
      return seen;
    };
    expect(startsOf(0)).toEqual([0]);
    // Who joins later cannot know what there was before.
    expect(startsOf(7)).toEqual([]);
  });

  it('closes a whole window of sound with the chunk that reaches its end', () => {
    const input = new Subject<Sample<Imu>>();
    const seen: number[] = [];
    input
      .pipe(slidingWindow<Imu>({ sizeMs: 100, latenessMs: 1000, closeWhenWhole: true }))
      .subscribe((window) => seen.push(window.startUs / 1000));
    for (let i = 0; i < 65; i++) input.next(sample(i, i * 20 - 10, 20));
    expect(seen.at(-1)).toBe(1100);
    for (let i = 65; i < 70; i++) input.next(sample(i, i * 20 - 10, 20));
    expect(seen.at(-1)).toBe(1200);
    input.next(sample(70, 1390, 20));
    expect(seen.at(-1)).toBe(1300);
  });

  it('is silent on never and on empty, and passes errors on', async () => {
    const seen: unknown[] = [];
    NEVER.pipe(slidingWindow<Imu>({ sizeMs: 100 }))
      .subscribe((window) => seen.push(window))
      .unsubscribe();
    expect(seen).toEqual([]);
    expect(await run([], { sizeMs: 100 })).toEqual([]);
    const failing: Observable<Sample<Imu>> = throwError(() => new Error('line cut'));
    await expect(lastValueFrom(failing.pipe(slidingWindow<Imu>({ sizeMs: 100 })))).rejects.toThrow('line cut');
  });

  it('keeps state per subscription and unsubscribes from its source', () => {
    const input = new Subject<Sample<Imu>>();
    const windows$ = input.pipe(slidingWindow<Imu>({ sizeMs: 100 }));
    const seen: number[] = [];
    const subscription = windows$.subscribe((window) => seen.push(window.members.length));
    windows$.subscribe((window) => seen.push(window.members.length));
    input.next(sample(0, 10));
    input.next(sample(1, 110));
    expect(seen).toEqual([1, 1]);
    subscription.unsubscribe();
    input.next(sample(2, 210));
    expect(seen).toEqual([1, 1, 1]);
  });

  it('holds no more than maxSamples, whatever a sender stamps', async () => {
    const stage = new Stage('wrist', 'samples');
    await run(
      Array.from({ length: 100 }, (_, i) => sample(i, 5)),
      { sizeMs: 1000, maxSamples: 10, stage },
    );
    expect(stage.line()).toMatchObject({ emitted: 10, dropped: { windowFull: 90 }, sums: true });
  });

  it('forgets what no open window needs', () => {
    const input = new Subject<Sample<Imu>>();
    const stage = new Stage('wrist', 'samples');
    input.pipe(slidingWindow<Imu>({ sizeMs: 100, maxSamples: 30, stage })).subscribe();
    for (let i = 0; i < 10_000; i++) input.next(sample(i, i * 10));
    expect(stage.line()).toMatchObject({ emitted: 10_000, dropped: {} });
  });

  const arrivals = fc.array(fc.record({ at: fc.integer({ min: 0, max: 3000 }), delay: fc.integer({ min: 0, max: 200 }) }), {
    minLength: 1,
    maxLength: 60,
  });

  it('gives the same windows for any order of arrival within the lateness', async () => {
    await fc.assert(
      fc.asyncProperty(
        arrivals,
        fc.constantFrom(100, 250, 1000),
        fc.constantFrom(50, 100, 250),
        fc.boolean(),
        async (list, sizeMs, hopMs, closeWhenWhole) => {
          const ordered = list
            .toSorted((a, b) => a.at - b.at)
            .map((item, i) => ({ sample: sample(i, item.at), arrives: item.at + item.delay }));
          const shuffled = ordered.toSorted((a, b) => a.arrives - b.arrives);
          const options = { sizeMs, hopMs, latenessMs: 201, closeWhenWhole };
          const left = await run(
            ordered.map((item) => item.sample),
            { ...options, closeWhenWhole: false },
          );
          const right = await run(
            shuffled.map((item) => item.sample),
            options,
          );
          expect(right).toEqual(left);
        },
      ),
    );
  });

  it('puts every accepted sample into exactly the windows that hold its time, or names its loss', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ seq: fc.integer({ min: 0, max: 40 }), at: fc.integer({ min: 0, max: 3000 }) }), { maxLength: 60 }),
        async (list) => {
          const stage = new Stage('wrist', 'samples');
          const sizeMs = 300;
          const hopMs = 100;
          const windows = await run(
            list.map(({ seq, at }) => sample(seq, at)),
            { sizeMs, hopMs, latenessMs: 150, stage },
          );
          const line = stage.line();
          expect(line.sums).toBe(true);
          const memberships = windows.reduce((sum, window) => sum + window.members.length, 0);
          expect(memberships).toBeLessThanOrEqual(line.emitted * (sizeMs / hopMs));
          if (!line.noted['latePartial']) expect(memberships).toBe(line.emitted * (sizeMs / hopMs));
          for (const [i, window] of windows.entries()) {
            expect(window.startUs % (hopMs * 1000) === 0).toBe(true);
            expect(window.members.every((member) => member.timeUs >= window.startUs && member.timeUs < window.endUs)).toBe(true);
            expect(window.startUs).toBeGreaterThan(windows[i - 1]?.startUs ?? Number.NEGATIVE_INFINITY);
          }
        },
      ),
    );
  });

  it('follows the rules to the letter, against a slow reading of them', async () => {
    const anything = fc.array(fc.record({ seq: fc.nat({ max: 40 }), at: fc.nat({ max: 2000 }) }), { maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(anything, fc.constantFrom([300, 100], [200, 200]), fc.constantFrom(0, 70, 150), async (list, terms, latenessMs) => {
        const [sizeMs = 0, hopMs = 0] = terms;
        const stage = new Stage('wrist', 'samples');
        const windows = await run(
          list.map(({ seq, at }) => sample(seq, at)),
          { sizeMs, hopMs, latenessMs, stage },
        );
        const members = new Map<number, [at: number, seq: number][]>();
        const counts = { accepted: 0, duplicate: 0, late: 0, latePartial: 0 };
        const seen = new Set<number>();
        let watermark = Number.NEGATIVE_INFINITY;
        for (const { seq, at } of list) {
          if (seen.has(seq)) {
            counts.duplicate++;
            continue;
          }
          seen.add(seq);
          const starts = [];
          for (let start = Math.floor(at / hopMs) * hopMs; start > at - sizeMs; start -= hopMs) starts.push(start);
          const open = starts.filter((start) => start + sizeMs > watermark);
          if (open.length === 0) counts.late++;
          else {
            counts.accepted++;
            if (open.length < starts.length) counts.latePartial++;
            for (const start of open) members.set(start, [...(members.get(start) ?? []), [at, seq]]);
            watermark = Math.max(watermark, at - latenessMs);
          }
        }
        const expected = [...members]
          .sort(([a], [b]) => a - b)
          .map(([start, list]) => [start, list.sort(([a, m], [b, n]) => a - b || m - n).map(([, seq]) => seq)] as const);
        expect(seqs(windows)).toEqual(expected);
        const { received, emitted, dropped, noted } = stage.line();
        expect(received).toBe(emitted + (dropped['duplicate'] ?? 0) + (dropped['late'] ?? 0));
        expect({
          accepted: emitted,
          duplicate: dropped['duplicate'] ?? 0,
          late: dropped['late'] ?? 0,
          latePartial: noted['latePartial'] ?? 0,
        }).toEqual(counts);
      }),
    );
  });
});

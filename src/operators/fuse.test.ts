import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Fused } from '../core/fused.ts';
import { VirtualClock, type Clock } from '../core/time.ts';
import type { Embedding, Modality } from '../core/types.ts';
import { fuse, type FuseOptions } from './fuse.ts';

const embedding = (source: string, modality: Modality, endMs: number, vector: number[], space = 's'): Embedding => ({
  source,
  modality,
  space,
  seq: 0,
  startUs: endMs * 1000 - 1000,
  endUs: endMs * 1000,
  errorUs: 5,
  samples: { first: 0, last: 0, missing: 0 },
  coverage: 1,
  vector: Float32Array.from(vector),
});

const setUp = (options: Partial<FuseOptions> = {}) => {
  const clock = new VirtualClock(10_000_000);
  const input = new Subject<Embedding>();
  const out: Fused[] = [];
  const subscription = input
    .pipe(fuse({ clock, sources: ['front', 'mic'], everyMs: 500, maxAgeMs: 1500, missing: 'partial', weights: {}, ...options }))
    .subscribe((fused) => out.push(fused));
  return { clock, input, out, subscription };
};

describe('fuse', () => {
  it('sums the newest unit vectors at ticks and names who is present', () => {
    const { clock, input, out } = setUp({ weights: { audio: 3 } });
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    clock.advanceMs(500);
    input.next(embedding('mic', 'audio', 10_400, [0, 1]));
    clock.advanceMs(500);
    expect(out.map(({ seq, present, missing }) => ({ seq, present, missing }))).toEqual([
      { seq: 0, present: ['front'], missing: ['mic'] },
      { seq: 1, present: ['front', 'mic'], missing: [] },
    ]);
    expect(out[1]?.vector[0]).toBeCloseTo(1 / Math.sqrt(10), 6);
    expect(out[1]).toMatchObject({ startUs: 9_999_000, endUs: 10_400_000, errorUs: 5 });
  });

  it('lets those speak softly that are not sure, and is as sure as they are', () => {
    const { clock, input, out } = setUp();
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    input.next({ ...embedding('mic', 'audio', 10_000, [0, 1]), confidence: 0.25 });
    clock.advanceMs(500);
    expect(out[0]).toMatchObject({ weights: { front: 0.8, mic: 0.2 } });
    expect(out[0]?.confidence).toBeCloseTo(0.8 + 0.2 * 0.25, 9);
    expect((out[0]?.vector[1] ?? 0) / (out[0]?.vector[0] ?? 0)).toBeCloseTo(0.25, 6);
    input.next({ ...embedding('mic', 'audio', 12_000, [0, 1]), confidence: 0.25 });
    clock.advanceMs(2000);
    expect(out.at(-1)).toMatchObject({ present: ['mic'], confidence: 0.25 });
  });

  it('leaves out what is too old, and is silent when nothing is new', () => {
    const { clock, input, out } = setUp();
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    clock.advanceMs(1000);
    expect(out).toHaveLength(1);
    clock.advanceMs(1000);
    input.next(embedding('mic', 'audio', 12_000, [0, 1]));
    clock.advanceMs(500);
    expect(out[1]).toMatchObject({ present: ['mic'], missing: ['front'] });
  });

  it('waits for all under skip, never mixes spaces, and knows no sum of opposites', () => {
    const { clock, input, out } = setUp({ missing: 'skip' });
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    clock.advanceMs(500);
    input.next(embedding('mic', 'audio', 10_500, [0, 1], 'other'));
    clock.advanceMs(500);
    input.next(embedding('mic', 'audio', 11_000, [-1, 0]));
    clock.advanceMs(500);
    expect(out).toEqual([]);
  });

  it('goes over to a new space once, with the first source that does, and does not look back', () => {
    const { clock, input, out } = setUp();
    for (const [i, [front, mic]] of [
      ['old', 'old'],
      ['new', 'old'],
      ['new', 'old'],
      ['new', 'new'],
      ['old', 'new'],
    ].entries()) {
      input.next(embedding('front', 'image', 10_000 + i * 500, [1, 0], front));
      // The newest, and yet left out while it is of the space before.
      input.next(embedding('mic', 'audio', 10_001 + i * 500, [0, 1], mic));
      clock.advanceMs(500);
    }
    expect(out.map(({ space, present }) => [space, ...present])).toEqual([
      ['old', 'front', 'mic'],
      ['new', 'front'],
      ['new', 'front'],
      ['new', 'front', 'mic'],
      ['old', 'front'],
    ]);
  });

  it('frees its timer on unsubscribe and completes with its source', () => {
    const { clock, input, out, subscription } = setUp();
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    subscription.unsubscribe();
    clock.advanceMs(5000);
    expect(out).toEqual([]);
    input.complete();
  });

  it('knows a maximum age for each modality', () => {
    const { clock, input, out } = setUp({ maxAgeMs: { image: 300 } });
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    input.next(embedding('mic', 'audio', 10_000, [0, 1]));
    clock.advanceMs(500);
    expect(out[0]).toMatchObject({ present: ['mic'], missing: ['front'], held: [] });
  });

  it('holds the last vector of a source that fell silent, and says so, but not for ever', () => {
    const { clock, input, out } = setUp({ missing: 'hold', maxAgeMs: 600, holdMs: 1000 });
    input.next(embedding('mic', 'audio', 10_000, [0, 1]));
    for (let at = 10_400; at < 13_000; at += 500) {
      input.next(embedding('front', 'image', at, [1, 0]));
      clock.advanceMs(500);
    }
    expect(out.map(({ present, held, missing }) => [present.length, held, missing])).toEqual([
      [2, [], []],
      [2, ['mic'], []],
      [2, ['mic'], []],
      [1, [], ['mic']],
      [1, [], ['mic']],
      [1, [], ['mic']],
    ]);
  });

  it('lets a window of low quality weigh less, and says what each weighed', () => {
    const { clock, input, out } = setUp({ weights: { image: 3 } });
    input.next({ ...embedding('front', 'image', 10_000, [1, 0]), quality: 0.1 });
    input.next(embedding('mic', 'audio', 10_000, [0, 1]));
    clock.advanceMs(500);
    expect(out[0]?.weights).toEqual({ front: 0.231, mic: 0.769 });
    expect(out[0]?.vector[0]).toBeCloseTo(0.3 / Math.hypot(0.3, 1), 6);
    input.next({ ...embedding('front', 'image', 10_600, [1, 0]), quality: 0 });
    input.next({ ...embedding('mic', 'audio', 10_600, [0, 1]), quality: 0 });
    clock.advanceMs(500);
    expect(out).toHaveLength(1);
  });

  it('leaves what ended after a tick to the next one', () => {
    const { clock, input, out } = setUp();
    input.next(embedding('front', 'image', 10_400, [1, 0]));
    input.next(embedding('front', 'image', 10_600, [0, 1]));
    clock.advanceMs(1000);
    expect(out.map(({ endUs, vector }) => [endUs, vector[0]])).toEqual([
      [10_400_000, 1],
      [10_600_000, 0],
    ]);
  });

  it('waits for what is on its way, and no longer than until all are beyond the tick', () => {
    const { clock, input, out } = setUp({ waitMs: 300 });
    input.next(embedding('front', 'image', 10_400, [1, 0]));
    clock.advanceMs(700);
    expect(out).toEqual([]);
    input.next(embedding('mic', 'audio', 10_500, [0, 1]));
    clock.advanceMs(100);
    expect(out[0]).toMatchObject({ present: ['front', 'mic'] });
    input.next(embedding('front', 'image', 10_900, [1, 0]));
    input.next(embedding('mic', 'audio', 11_100, [0, 1]));
    expect(out).toHaveLength(1);
    input.next(embedding('front', 'image', 11_050, [1, 0]));
    expect(out[1]).toMatchObject({ present: ['front', 'mic'], endUs: 10_900_000 });
  });

  it('decides open ticks at the end of its input', () => {
    const { input, out } = setUp({ waitMs: 300 });
    input.next(embedding('front', 'image', 10_400, [1, 0]));
    input.next(embedding('front', 'image', 10_600, [1, 0]));
    input.complete();
    expect(out.map(({ endUs }) => endUs)).toEqual([10_400_000, 10_600_000]);
  });

  it('follows a clock that jumped without making up for the ticks between', () => {
    let nowUs = 10_000_000;
    let wake = (): void => undefined;
    const clock: Clock = { nowUs: () => nowUs, after: (_, callback) => ((wake = callback), () => undefined) };
    const { input, out } = setUp({ clock, everyMs: 50 });
    nowUs = 2e15;
    let ticks = 0;
    while (ticks++ < 3) wake();
    input.next(embedding('front', 'image', nowUs / 1000, [1, 0]));
    nowUs += 50_000;
    wake();
    expect(out).toHaveLength(1);
  });

  it('fuses the same whatever the order of arrival within the wait', () => {
    const list = fc.array(
      fc.record({
        source: fc.constantFrom('front', 'mic'),
        at: fc.integer({ min: 10_001, max: 14_000 }),
        early: fc.nat({ max: 199 }),
        late: fc.nat({ max: 199 }),
      }),
      { minLength: 1, maxLength: 40 },
    );
    const runOf = (arrivals: readonly { at: number; item: Embedding }[], missing: FuseOptions['missing']): unknown[] => {
      const { clock, input, out } = setUp({ waitMs: 200, maxAgeMs: 700, missing });
      for (const { at, item } of arrivals) {
        clock.advanceTo(at * 1000);
        input.next(item);
      }
      clock.advanceMs(5000);
      return out.map(({ vector, ...meta }) => ({ ...meta, vector: [...vector] }));
    };
    fc.assert(
      fc.property(list, fc.constantFrom('partial', 'hold', 'skip'), (items, missing) => {
        const times = new Set<string>();
        const ordered = items
          .toSorted((a, b) => a.at - b.at)
          .filter(({ source, at }) => !times.has(`${source}${at}`) && times.add(`${source}${at}`))
          .map((one, i) => ({ ...one, item: embedding(one.source, one.source === 'mic' ? 'audio' : 'image', one.at, [1, i]) }));
        // Embeddings of one source come in order; sources overtake each other.
        const arriving = (delay: 'early' | 'late') => {
          const newest = new Map<string, number>();
          return ordered
            .map(({ source, at, item, ...delays }) => {
              const arrives = Math.max(at + delays[delay], newest.get(source) ?? 0);
              newest.set(source, arrives);
              return { at: arrives, item };
            })
            .toSorted((a, b) => a.at - b.at);
        };
        expect(runOf(arriving('late'), missing)).toEqual(runOf(arriving('early'), missing));
      }),
    );
  });
});

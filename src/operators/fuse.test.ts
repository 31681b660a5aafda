import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { Fused } from '../core/fused.ts';
import { VirtualClock } from '../core/time.ts';
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

  it('frees its timer on unsubscribe and completes with its source', () => {
    const { clock, input, out, subscription } = setUp();
    input.next(embedding('front', 'image', 10_000, [1, 0]));
    subscription.unsubscribe();
    clock.advanceMs(5000);
    expect(out).toEqual([]);
    input.complete();
  });
});

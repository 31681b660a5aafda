import type { Modality } from '../core/types.ts';
import type { ByteDots } from '../space/search/byte-dots.ts';
import { quantise } from '../space/search/quantise.ts';
import type { BlockCache } from './block-cache.ts';
import type { Segment } from './segment.ts';

/** What every window of one source scores against a vector, in the order of time. */
export interface ScoredPast {
  readonly source: string;
  readonly modality: Modality;
  readonly space: string;
  readonly startUs: Float64Array;
  readonly endUs: Float64Array;
  readonly scores: Float32Array;
}

interface ScorePastOptions {
  readonly vector: Float32Array;
  readonly sinceUs: number;
  readonly cache: BlockCache;
  /** For vectors of this length. */
  readonly dots: ByteDots;
}

const MAX_SCORED = 1_000_000;

/**
 * The cosines of one source's windows since then with a vector; undefined where there is none. Of more than a million the newest.
 *
 * @param segments all of the vector's space
 * @throws SegmentChangedError
 */
export function scorePast(
  source: string,
  segments: readonly Segment[],
  { vector, sinceUs, cache, dots }: ScorePastOptions,
): ScoredPast | undefined {
  const [first] = segments;
  if (!first) return undefined;
  const query = new Int8Array(vector.length);
  const queryScale = quantise(vector, query);
  dots.ask(query);
  const rows: { readonly startUs: number; readonly endUs: number; readonly score: number }[] = [];
  for (const segment of segments) {
    const { count, coarse, scales, startUs, endUs } = cache.get(segment);
    const sums = new Int32Array(count);
    dots.of(coarse, count, sums);
    for (let row = 0; row < count; row++) {
      const scale = scales[row] ?? 0;
      if (scale === 0 || (endUs[row] ?? 0) < sinceUs) continue;
      rows.push({ startUs: startUs[row] ?? 0, endUs: endUs[row] ?? 0, score: (sums[row] ?? 0) * scale * queryScale });
    }
  }
  const newest = rows.sort((a, b) => a.endUs - b.endUs).slice(-MAX_SCORED);
  return {
    source,
    modality: first.header.modality,
    space: first.header.space,
    startUs: Float64Array.from(newest, (row) => row.startUs),
    endUs: Float64Array.from(newest, (row) => row.endUs),
    scores: Float32Array.from(newest, ({ score }) => score),
  };
}

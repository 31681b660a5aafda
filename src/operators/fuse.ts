import { filter, map, type Observable } from 'rxjs';
import type { Fused } from '../core/fused.ts';
import type { Embedding, Modality } from '../core/types.ts';
import { align, type Aligned, type AlignOptions } from './align.ts';

export interface FuseOptions extends AlignOptions {
  /** Weight of a modality's unit vector; those not named weigh 1. */
  readonly weights: Readonly<Partial<Record<Modality, number>>>;
}

/**
 * At each tick (see `align`) the weighted sum of the newest unit vectors of all sources, scaled to length 1, with who was present
 * and what each weighed. A vector weighs its modality's weight times the quality of its window times its confidence: silence, darkness,
 * clipping, a collapsed encoder or one that is not sure speak softly or not at all. Vectors that weigh nothing together, or cancel each other, give no fused one.
 */
export function fuse({ weights, ...terms }: FuseOptions): (embeddings$: Observable<Embedding>) => Observable<Fused> {
  return (embeddings$) => {
    let seq = 0;
    return embeddings$.pipe(
      align(terms),
      map((aligned): Fused | undefined => {
        const shares = sharesOf(aligned.present, weights);
        const vector = weightedSum(aligned.present, shares);
        return (
          vector && {
            ...describe(aligned),
            seq: seq++,
            weights: named(aligned.present, shares),
            vector,
            ...sureness(aligned.present, shares),
          }
        );
      }),
      filter((fused) => fused !== undefined),
    );
  };
}

/** Weights that sum to 1; all zero where nothing weighs. */
function sharesOf(present: readonly Embedding[], weights: FuseOptions['weights']): number[] {
  const raw = present.map(({ modality, quality = 1, confidence = 1 }) => (weights[modality] ?? 1) * quality * confidence);
  const total = raw.reduce((sum, weight) => sum + weight, 0);
  return raw.map((weight) => (total > 0 ? weight / total : 0));
}

/** Undefined where the vectors cancel each other: such a sum has no direction. */
function weightedSum(present: readonly Embedding[], shares: readonly number[]): Float32Array | undefined {
  const sum = new Float32Array(present[0]?.vector.length ?? 0);
  for (const [at, { vector }] of present.entries()) {
    const share = shares[at] ?? 0;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + share * (vector[i] ?? 0);
  }
  const length = Math.hypot(...sum);
  return length > 1e-6 ? sum.map((value) => value / length) : undefined;
}

/** The mean confidence by those weights; left out where all are sure. */
function sureness(present: readonly Embedding[], shares: readonly number[]): Pick<Fused, 'confidence'> {
  if (present.every(({ confidence = 1 }) => confidence === 1)) return {};
  return {
    confidence: Math.min(
      1,
      present.reduce((sum, { confidence = 1 }, i) => sum + (shares[i] ?? 0) * confidence, 0),
    ),
  };
}

const describe = ({ tickUs, present, missing, held }: Aligned): Omit<Fused, 'seq' | 'weights' | 'vector' | 'confidence'> => ({
  source: 'fused',
  space: present[0]?.space ?? '',
  tickUs,
  startUs: Math.min(...present.map((embedding) => embedding.startUs)),
  endUs: Math.max(...present.map((embedding) => embedding.endUs)),
  errorUs: Math.max(...present.map((embedding) => embedding.errorUs)),
  present: present.map((embedding) => embedding.source),
  missing,
  held,
});

const named = (present: readonly Embedding[], shares: readonly number[]): Record<string, number> =>
  Object.fromEntries(present.map(({ source }, i) => [source, Math.round((shares[i] ?? 0) * 1000) / 1000]));

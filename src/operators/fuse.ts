import { Observable } from 'rxjs';
import type { Fused } from '../core/fused.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding, Modality } from '../core/types.ts';

export interface FuseOptions {
  readonly clock: Clock;
  /** Ids of the sources that are to be fused. */
  readonly sources: readonly string[];
  /** A fused vector each so many ms. */
  readonly everyMs: number;
  /** An embedding whose window ended longer ago than this does not go in. */
  readonly maxAgeMs: number;
  /** `partial`: fuse what is there and say what is missing; `skip`: no vector while anything is missing. */
  readonly missing: 'partial' | 'skip';
  /** Weight of a modality's unit vector; those not named weigh 1. */
  readonly weights: Readonly<Partial<Record<Modality, number>>>;
}

/**
 * At each tick the weighted sum of the newest unit vectors of all sources, scaled to length 1, with the list of those present.
 * No tick is emitted while nothing is present, or when nothing new came since the last. Embeddings of another space than the
 * newest one's are left out: vectors of two spaces never meet.
 */
export function fuse({
  clock,
  sources,
  everyMs,
  maxAgeMs,
  missing,
  weights,
}: FuseOptions): (embeddings$: Observable<Embedding>) => Observable<Fused> {
  return (embeddings$) =>
    new Observable<Fused>((subscriber) => {
      const newest = new Map<string, Embedding>();
      let space = '';
      let seq = 0;
      let isNew = false;
      let cancel = (): void => undefined;

      const tick = (): void => {
        cancel = clock.after(untilNextTick(clock.nowUs(), everyMs), tick);
        const oldestUs = clock.nowUs() - maxAgeMs * 1000;
        const present = sources.flatMap((id) => {
          const embedding = newest.get(id);
          return embedding && embedding.space === space && embedding.endUs >= oldestUs ? [embedding] : [];
        });
        if (!isNew || present.length === 0 || (missing === 'skip' && present.length < sources.length)) return;
        isNew = false;
        const vector = weightedSum(present, weights);
        if (vector) subscriber.next({ ...spanOf(present), source: 'fused', space, seq: seq++, ...attendance(sources, present), vector });
      };
      cancel = clock.after(untilNextTick(clock.nowUs(), everyMs), tick);

      const subscription = embeddings$.subscribe({
        next: (embedding) => {
          if (!sources.includes(embedding.source)) return;
          space = embedding.space;
          newest.set(embedding.source, embedding);
          isNew = true;
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      return () => {
        cancel();
        newest.clear();
        subscription.unsubscribe();
      };
    });
}

/** Ticks stand at multiples of `everyMs` of the epoch, so that all boxes tick together. */
const untilNextTick = (nowUs: number, everyMs: number): number => everyMs - ((nowUs / 1000) % everyMs);

/** Undefined where the vectors cancel each other: such a sum has no direction. */
function weightedSum(present: readonly Embedding[], weights: FuseOptions['weights']): Float32Array | undefined {
  const sum = new Float32Array(present[0]?.vector.length ?? 0);
  for (const { modality, vector } of present) {
    const weight = weights[modality] ?? 1;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (vector[i] ?? 0);
  }
  const length = Math.hypot(...sum);
  return length > 1e-6 ? sum.map((value) => value / length) : undefined;
}

const spanOf = (present: readonly Embedding[]): Pick<Fused, 'startUs' | 'endUs' | 'errorUs'> => ({
  startUs: Math.min(...present.map((embedding) => embedding.startUs)),
  endUs: Math.max(...present.map((embedding) => embedding.endUs)),
  errorUs: Math.max(...present.map((embedding) => embedding.errorUs)),
});

const attendance = (sources: readonly string[], present: readonly Embedding[]): Pick<Fused, 'present' | 'missing'> => {
  const here = present.map((embedding) => embedding.source);
  return { present: here, missing: sources.filter((id) => !here.includes(id)) };
};

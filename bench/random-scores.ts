import { seeded } from '../src/space/bind/seeded.ts';

/** A stream of made-up scores with a known tail, for measuring thresholds against the truth. */
export interface ScoreStream {
  /** Name of the distribution. */
  readonly tail: TailKind;
  /** Correlation of one score with the next, 0..1: windows overlap. */
  readonly correlation: number;
  readonly seed: number;
}

/** `normal`, `exponential`, `laplace`, `heavy` (generalised Pareto, shape 0.15) and `bounded` (shape -0.5), all of spread near 1. */
export type TailKind = 'normal' | 'exponential' | 'laplace' | 'heavy' | 'bounded';
export const TAIL_KINDS: readonly TailKind[] = ['normal', 'exponential', 'laplace', 'heavy', 'bounded'];

/** Successive numbers of the stream: a normal sequence with that correlation, turned into the distribution that was asked for. */
export function randomScores({ tail, correlation, seed }: ScoreStream): () => number {
  const uniform = seeded(seed);
  let normal = 0;
  return () => {
    const fresh = Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    normal = correlation * normal + Math.sqrt(1 - correlation * correlation) * fresh;
    const share = Math.max(1e-15, shareAbove(normal));
    switch (tail) {
      case 'normal':
        return normal;
      case 'exponential':
        return -Math.log(share) - 1;
      case 'laplace':
        return share < 0.5 ? -Math.log(2 * share) : Math.log(2 * (1 - share));
      case 'heavy':
        return (share ** -0.15 - 1) / 0.15 - 1.18;
      case 'bounded':
        return 3 * (1 - Math.sqrt(share)) - 1;
    }
  };
}

/** Share of a normal distribution above z: Abramowitz and Stegun 26.2.17, absolute error below 7.5e-8. */
function shareAbove(z: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  const series = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  const tail = Math.exp((-z * z) / 2) * 0.3989422804 * series;
  return z > 0 ? tail : 1 - tail;
}

/** A level for a rule, learnt from what its sources scored when presumably nothing happened. */
export interface Suggestion {
  readonly threshold: number;
  /** The source with the highest background: it decides the level. */
  readonly source: string;
  readonly usual: number;
  readonly spread: number;
  /** Bins of time whose score went over the suggestion. */
  readonly above: number;
}

/** So many robust standard deviations above the usual level. */
const SPREADS = 4;
/** Scores of a still scene spread by almost nothing; the level keeps at least this distance. */
const MIN_MARGIN = 0.02;
const MIN_SCORES = 8;

/**
 * The level for a new rule: background median plus 4 spreads (median absolute deviation x 1.4826, which estimates a standard deviation
 * without being moved by the event itself when it happens in between), highest over the sources, on a grid of 0.005.
 *
 * @returns undefined while no source has scored often enough
 */
export function suggestThreshold(scoresBySource: ReadonlyMap<string, readonly number[]>): Suggestion | undefined {
  let best: Suggestion | undefined;
  for (const [source, scores] of scoresBySource) {
    if (scores.length < MIN_SCORES) continue;
    const usual = median(scores);
    const spread = 1.4826 * median(scores.map((score) => Math.abs(score - usual)));
    const threshold = Math.min(1, Math.ceil((usual + Math.max(MIN_MARGIN, SPREADS * spread)) * 200) / 200);
    if (!best || threshold > best.threshold) best = { threshold, source, usual, spread, above: 0 };
  }
  if (!best) return undefined;
  const { threshold } = best;
  const above = [...scoresBySource.values()].flat().filter((score) => score >= threshold).length;
  return { ...best, above };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

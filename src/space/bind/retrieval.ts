import { dot } from '../vector.ts';

/** How well queries find their own among all items of a gallery. */
export interface Retrieval {
  readonly queries: number;
  /** Different items in the gallery: those with one key are one item. */
  readonly items: number;
  /** Share of queries whose own item is among the first 1, 5, 10. */
  readonly recall: Readonly<Record<1 | 5 | 10, number>>;
  /** What guessing reaches, by the same counts. */
  readonly chance: Readonly<Record<1 | 5 | 10, number>>;
  /** Mean over queries of where their own item stands: 0 first, 1 last; guessing gives 0.5. */
  readonly meanRank: number;
  /** By how many standard deviations of guessing the mean rank is better than guessing. */
  readonly sigmas: number;
}

/** Vectors of unit length; those with one key are the same thing, e.g. one caption. */
export interface Keyed {
  readonly key: string;
  readonly vector: Float32Array;
}

/**
 * Ranks, for each query, the items of the gallery by cosine; an item with several vectors counts by its best. Of equal cosines half
 * stand before: a head that gives everything one vector is at chance, not at the top.
 */
export function retrieval(queries: readonly Keyed[], gallery: readonly Keyed[]): Retrieval {
  const keys = [...new Set(gallery.map(({ key }) => key))];
  const at = new Map(keys.map((key, i) => [key, i]));
  const known = queries.filter(({ key }) => at.has(key));
  const best = new Float64Array(keys.length);
  const found: Record<1 | 5 | 10, number> = { 1: 0, 5: 0, 10: 0 };
  let ranks = 0;
  for (const { key, vector } of known) {
    best.fill(Number.NEGATIVE_INFINITY);
    for (const item of gallery) {
      const i = at.get(item.key) ?? 0;
      best[i] = Math.max(best[i] ?? 0, dot(vector, item.vector));
    }
    const own = best[at.get(key) ?? 0] ?? 0;
    let before = 0;
    for (const cosine of best) before += cosine > own ? 1 : cosine === own ? 0.5 : 0;
    before -= 0.5; // Its own.
    for (const k of [1, 5, 10] as const) if (before < k - 0.25) found[k]++;
    ranks += before / Math.max(1, keys.length - 1);
  }
  const share = (count: number): number => (known.length > 0 ? count / known.length : 0);
  const meanRank = share(ranks);
  const items = keys.length;
  // A rank that is drawn evenly from 0..1 in `items` steps.
  const deviation = items > 1 ? Math.sqrt((items + 1) / (12 * (items - 1)) / Math.max(1, known.length)) : Number.POSITIVE_INFINITY;
  return {
    queries: known.length,
    items,
    recall: { 1: share(found[1]), 5: share(found[5]), 10: share(found[10]) },
    chance: { 1: Math.min(1, 1 / items), 5: Math.min(1, 5 / items), 10: Math.min(1, 10 / items) },
    meanRank,
    sigmas: (0.5 - meanRank) / deviation,
  };
}

import { dot } from './vector.ts';

/**
 * For each query whether its own item is among the `depth` nearest of the gallery by cosine. Items as near as its own do not count
 * against it.
 *
 * @param truth for each query the place of its own item in the gallery
 */
export function hits(queries: readonly Float32Array[], gallery: readonly Float32Array[], truth: readonly number[], depth = 1): boolean[] {
  return queries.map((query, i) => {
    const own = gallery[truth[i] ?? -1];
    if (!own) throw new RangeError(`query ${i} has no item ${truth[i] ?? 'at all'} in a gallery of ${gallery.length}`);
    const score = dot(query, own);
    let nearer = 0;
    for (const vector of gallery) if (dot(query, vector) > score) nearer++;
    return nearer < depth;
  });
}

/** Share of hits; `balanced`: the mean of the shares of each true item, however many queries it has. NaN where there are none. */
export function shareOfHits(hit: readonly boolean[], truth: readonly number[], rows: readonly number[], balanced: boolean): number {
  const counts = new Map<number, { hits: number; all: number }>();
  for (const row of rows) {
    const key = balanced ? (truth[row] ?? 0) : 0;
    const count = counts.get(key) ?? { hits: 0, all: 0 };
    counts.set(key, count);
    count.all++;
    if (hit[row]) count.hits++;
  }
  let sum = 0;
  for (const count of counts.values()) sum += count.hits / count.all;
  return sum / counts.size;
}

/**
 * 95 % interval of a value when whole groups (uploaders, recordings, subjects) are drawn again with the same seed: items of one group
 * are not independent. Of a single group nothing can be said: 0 to 1.
 *
 * @param value of the rows that were drawn; rows repeat
 * @see Efron and Tibshirani, An Introduction to the Bootstrap, 1993
 */
export function intervalByGroup(
  groups: readonly string[],
  value: (rows: readonly number[]) => number,
  rounds = 1000,
): readonly [number, number] {
  const rowsOf = new Map<string, number[]>();
  for (const [row, group] of groups.entries()) {
    const rows = rowsOf.get(group);
    if (rows) rows.push(row);
    else rowsOf.set(group, [row]);
  }
  const members = [...rowsOf.values()];
  if (members.length < 2) return [0, 1];
  let state = 1;
  const draw = (): number[] => members[Math.floor(((state = (state * 48_271) % 2_147_483_647) / 2_147_483_647) * members.length)] ?? [];
  const found = Array.from({ length: rounds }, () => value(Array.from(members, draw).flat())).sort((a, b) => a - b);
  const at = (share: number): number => found[Math.round(share * (rounds - 1))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}

/** Distance between the means of two sets of vectors: how far two senses lie apart whatever they show (Liang et al., 2022). */
export function modalityGap(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  const [first, second] = [mean(a), mean(b)];
  return Math.hypot(...first.map((value, i) => value - (second[i] ?? 0)));
}

function mean(vectors: readonly Float32Array[]): number[] {
  const sum = Array.from(vectors[0] ?? [], () => 0);
  for (const vector of vectors) for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (vector[i] ?? 0) / vectors.length;
  return sum;
}

/** Something that was found in a chunk. */
export interface Placed<T> {
  readonly item: T;
  /** When it was recorded, in microseconds. */
  readonly atUs: number;
  /** Which of all things of its chunk it is; absent: it takes its turn among those that do not say. */
  readonly place?: number;
}

/**
 * What a chunk holds in the order in which it was recorded: readings of motion lie together, and say their places. Where places cannot be
 * right, because another program wrote the messages anew, the order is that of time.
 */
export function inPlace<T>(found: readonly Placed<T>[]): readonly T[] {
  if (!found.some(({ place }) => place !== undefined)) return found.map(({ item }) => item);
  const ordered = Array.from<Placed<T> | undefined>({ length: found.length });
  for (const one of found) {
    if (one.place === undefined) continue;
    if (!(one.place in ordered) || ordered[one.place]) return byTime(found);
    ordered[one.place] = one;
  }
  const others = found.filter(({ place }) => place === undefined).values();
  return ordered
    .map((one) => one ?? others.next().value)
    .filter((one) => one !== undefined)
    .map(({ item }) => item);
}

const byTime = <T>(found: readonly Placed<T>[]): readonly T[] => [...found].sort((a, b) => a.atUs - b.atUs).map(({ item }) => item);

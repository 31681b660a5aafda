/** What decides which pairs belong together: pairs of one group are never parted. */
export interface Grouped {
  /** Scene, subject or uploader, where the pairs say; absent: blocks of time, or of the order given. */
  readonly group?: string | undefined;
  readonly timeUs?: number | undefined;
}

export interface HoldOut {
  readonly train: readonly number[];
  /** Decides when training stops. */
  readonly validate: readonly number[];
  /** Judges the result; nothing is chosen by it. */
  readonly test: readonly number[];
}

/** Blocks that a recording is cut into: a tenth of it is long beside what stays the same in a scene for a while. */
const BLOCKS = 10;
/** With fewer groups one of them would be most of the test. */
const MIN_GROUPS = 5;

/**
 * Parts pairs into train, validate and test by whole groups, or, where there are fewer than five, by blocks of time: never by single
 * rows, which are nearly the same as their neighbours and would be recognised, not understood. Every fifth block or group is for
 * testing, every fifth for validating; which, the seed decides.
 */
export function holdOut(pairs: readonly Grouped[], seed: number): HoldOut {
  const order = pairs.map((_, i) => i).sort((a, b) => (pairs[a]?.timeUs ?? a) - (pairs[b]?.timeUs ?? b));
  const hasGroups = new Set(pairs.map(({ group }) => group)).size >= MIN_GROUPS && pairs.every(({ group }) => group !== undefined);
  const names = order.map(
    (i, place) => (hasGroups ? pairs[i]?.group : undefined) ?? `block ${Math.floor((place * BLOCKS) / pairs.length)}`,
  );
  const partOf = new Map<string, keyof HoldOut>(
    [...new Set(names)].map((name, place) => [
      name,
      (['test', 'validate', 'train', 'train', 'train'] as const)[(place + seed) % 5] ?? 'train',
    ]),
  );
  const parts: Record<keyof HoldOut, number[]> = { train: [], validate: [], test: [] };
  for (const [place, i] of order.entries()) parts[partOf.get(names[place] ?? '') ?? 'train'].push(i);
  return parts;
}

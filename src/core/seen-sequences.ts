/**
 * Remembers which sequence numbers of a source have been seen, as ranges: a stream in order is one range however long it runs.
 * Bounded: with more than `maxRanges` holes the oldest range is forgotten.
 */
export class SeenSequences {
  readonly #maxRanges: number;
  /** Ascending, disjoint, never touching. */
  readonly #ranges: { low: number; high: number }[] = [];

  constructor(maxRanges = 1024) {
    this.#maxRanges = maxRanges;
  }

  /** Notes `seq`; false where it had been seen before. */
  add(seq: number): boolean {
    const ranges = this.#ranges;
    let index = ranges.length;
    // New numbers come at the end; only stragglers walk back.
    while (index > 0 && seq < (ranges[index - 1]?.low ?? 0)) index--;
    const before = ranges[index - 1];
    if (before && seq <= before.high) return false;
    const after = ranges[index];
    const joinsBefore = before?.high === seq - 1;
    const joinsAfter = after?.low === seq + 1;
    if (before && after && joinsBefore && joinsAfter) {
      before.high = after.high;
      ranges.splice(index, 1);
    } else if (before && joinsBefore) before.high = seq;
    else if (after && joinsAfter) after.low = seq;
    else {
      ranges.splice(index, 0, { low: seq, high: seq });
      if (ranges.length > this.#maxRanges) ranges.shift();
    }
    return true;
  }
}

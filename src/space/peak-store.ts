/** Peaks kept of each generation. */
const KEPT = 96;
const GENERATION_US = 3 * 86_400e6;
const TOTAL = 0;
const COUNT = 1;
const WATCHED_US = 2;
const HEIGHTS = 3;
const TIMES = HEIGHTS + KEPT;
const GENERATION_CELLS = TIMES + KEPT;

/** The highest peaks of the last days, complete above `from`. */
export interface PeakSample {
  /** Ascending. */
  readonly heights: Float64Array;
  /** Peaks in the same time, high and low. */
  readonly total: number;
  readonly watchedUs: number;
  /** The highest peak that is known to be background, not an event; minus infinity: none is. */
  readonly certain: number;
}

/**
 * The highest peaks of the last three to six days of watching, in bounded memory: two generations of three days, each with its
 * highest 96. The longer it has been watching, the further out in the tail are the peaks that it keeps, and the shorter is the way
 * from them to an alarm every few days. All state is in `cells`.
 */
export class PeakStore {
  static readonly CELLS: number = 2 * GENERATION_CELLS;
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  /** Time in which peaks were looked for. */
  get watchedUs(): number {
    return this.#cell(WATCHED_US) + this.#cell(GENERATION_CELLS + WATCHED_US);
  }

  get total(): number {
    return this.#cell(TOTAL) + this.#cell(GENERATION_CELLS + TOTAL);
  }

  clear(): void {
    this.#cells.fill(0);
  }

  /** Counts time in which there were scores. */
  watch(stepUs: number): void {
    const cells = this.#cells;
    const watchedUs = this.#cell(WATCHED_US) + stepUs;
    cells[WATCHED_US] = watchedUs;
    if (watchedUs < GENERATION_US) return;
    cells.copyWithin(GENERATION_CELLS, 0, GENERATION_CELLS);
    cells.fill(0, 0, GENERATION_CELLS);
  }

  /**
   * @param isCertain whether it is known to be background
   * @returns whether it is among the highest and is kept
   */
  add(height: number, timeUs: number, isCertain = false): boolean {
    const cells = this.#cells;
    cells[TOTAL] = this.#cell(TOTAL) + 1;
    let at = this.#cell(COUNT);
    if (at < KEPT) cells[COUNT] = at + 1;
    else {
      at = this.#lowest(0);
      if (height <= this.#cell(HEIGHTS + at)) return false;
    }
    cells[HEIGHTS + at] = height;
    // The sign says whether it is certain: times are after 1970.
    cells[TIMES + at] = isCertain ? -timeUs : timeUs;
    return true;
  }

  /** Takes out the peaks of a span of time: they were no background. Returns how many. */
  remove(fromUs: number, toUs: number): number {
    let removed = 0;
    for (const base of [0, GENERATION_CELLS]) {
      for (let at = this.#cell(base + COUNT) - 1; at >= 0; at--) {
        const timeUs = Math.abs(this.#cell(base + TIMES + at));
        if (timeUs < fromUs || timeUs > toUs) continue;
        const last = this.#cell(base + COUNT) - 1;
        this.#cells[base + HEIGHTS + at] = this.#cell(base + HEIGHTS + last);
        this.#cells[base + TIMES + at] = this.#cell(base + TIMES + last);
        this.#cells[base + COUNT] = last;
        this.#cells[base + TOTAL] = this.#cell(base + TOTAL) - 1;
        removed++;
      }
    }
    return removed;
  }

  /** Peaks since `sinceUs` at or above `height`: complete where `height` is in the tail. */
  countAbove(height: number, sinceUs: number): number {
    let count = 0;
    for (const base of [0, GENERATION_CELLS])
      for (let at = 0; at < this.#cell(base + COUNT); at++)
        if (Math.abs(this.#cell(base + TIMES + at)) >= sinceUs && this.#cell(base + HEIGHTS + at) >= height) count++;
    return count;
  }

  /** @param others heights of peaks that are kept elsewhere */
  sample(others: readonly number[] = []): PeakSample {
    // Below the lowest peak of a full generation others have been let go.
    let from = Number.NEGATIVE_INFINITY;
    for (const base of [0, GENERATION_CELLS])
      if (this.#cell(base + COUNT) === KEPT) from = Math.max(from, this.#cell(base + HEIGHTS + this.#lowest(base)));
    const heights: number[] = [];
    let certain = Number.NEGATIVE_INFINITY;
    for (const base of [0, GENERATION_CELLS]) {
      for (let at = 0; at < this.#cell(base + COUNT); at++) {
        const height = this.#cell(base + HEIGHTS + at);
        if (height < from) continue;
        heights.push(height);
        if (this.#cell(base + TIMES + at) < 0) certain = Math.max(certain, height);
      }
    }
    for (const height of others) if (height >= from) heights.push(height);
    return { heights: Float64Array.from(heights).sort(), total: this.total + others.length, watchedUs: this.watchedUs, certain };
  }

  #lowest(base: number): number {
    let lowest = 0;
    for (let at = 1; at < this.#cell(base + COUNT); at++)
      if (this.#cell(base + HEIGHTS + at) < this.#cell(base + HEIGHTS + lowest)) lowest = at;
    return lowest;
  }

  #cell(at: number): number {
    return this.#cells[at] ?? 0;
  }
}

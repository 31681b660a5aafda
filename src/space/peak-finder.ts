const BLOCK = 0;
const HIGHEST = 1;
const HIGHEST_US = 2;
const IS_ALARM = 3;
const PENDING = 4;
const PENDING_US = 5;
const PENDING_IS_ALARM = 6;
/** The lowest between the peak that waits and the highest of this stretch, and since that one. */
const DIP = 7;
const LOW = 8;
/** When the scores had fallen so far after each of the two that its alert would have been cleared; 0: not yet. */
const PENDING_CLEAR_US = 9;
const CLEAR_US = 10;
const NONE = Number.NEGATIVE_INFINITY;

/** A peak that comes sooner after the last one was over is one with it: windows overlap, what happens lasts, and alerts rest as long. */
export const APART_US = 10e6;

/** A peak is over below this share of its height, as the alert that it raises. */
export const CLEAR_BELOW = 0.75;
/** Lower peaks are over at once: they are no part of any tail, and a constant stream has nothing but them. */
const LEAST_HEIGHT = 1;
const NOTHING_YET = Number.POSITIVE_INFINITY;

/** The highest of a stretch of scores that stands alone. */
export interface Peak {
  readonly height: number;
  readonly timeUs: number;
  /** Whether an alert was raised by it. */
  readonly isAlarm: boolean;
}

/**
 * Declusters a stream: gives the highest score of each stretch of time, and of two only the higher where the stream does not fall far
 * enough between them, for `APART_US`, that an alert would be cleared and raised again: what would be one alarm counts once ("runs declustering"; Leadbetter,
 * Lindgren, Rootzen 1983, on the extremal index of dependent sequences). Stretches are aligned to the epoch, by event time. All state
 * is in `cells`.
 */
export class PeakFinder {
  static readonly CELLS = 11;
  readonly #cells: Float64Array;
  readonly #at: number;

  /** @param at where in the cells its own begin */
  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
    if (this.#cell(BLOCK) > 0) return;
    this.#put(HIGHEST, NONE);
    this.#put(PENDING, NONE);
    this.#put(DIP, NOTHING_YET);
    this.#put(LOW, NOTHING_YET);
  }

  /** @returns a peak that no later score can take the place of, if one has become so */
  push(height: number, timeUs: number, isAlarm: boolean): Peak | undefined {
    const block = Math.floor(timeUs / APART_US);
    const done = block === this.#cell(BLOCK) ? undefined : this.#close(block);
    if (this.#cell(PENDING_CLEAR_US) === 0 && height < CLEAR_BELOW * this.#cell(PENDING)) this.#put(PENDING_CLEAR_US, timeUs);
    const highest = this.#cell(HIGHEST);
    if (height > highest) {
      this.#put(HIGHEST, height);
      this.#put(HIGHEST_US, timeUs);
      this.#put(CLEAR_US, height > LEAST_HEIGHT ? 0 : timeUs);
      this.#put(DIP, Math.min(this.#cell(DIP), this.#cell(LOW)));
      this.#put(LOW, NOTHING_YET);
    } else if (height < this.#cell(LOW)) {
      this.#put(LOW, height);
      if (this.#cell(CLEAR_US) === 0 && height < CLEAR_BELOW * highest) this.#put(CLEAR_US, timeUs);
    }
    if (isAlarm) this.#put(IS_ALARM, 1);
    return done;
  }

  #close(next: number): Peak | undefined {
    const height = this.#cell(HIGHEST);
    const timeUs = this.#cell(HIGHEST_US);
    const isAlarm = this.#cell(IS_ALARM);
    const pending = this.#cell(PENDING);
    this.#put(BLOCK, next);
    this.#put(HIGHEST, NONE);
    this.#put(IS_ALARM, 0);
    if (height === NONE) return undefined;
    const clearUs = this.#cell(PENDING_CLEAR_US);
    const lower = Math.min(height, pending);
    const isOver = clearUs > 0 && (lower <= LEAST_HEIGHT || this.#cell(DIP) < CLEAR_BELOW * lower);
    const isOne = !isOver || timeUs - clearUs < APART_US;
    if (pending !== NONE && isOne && pending >= height) {
      this.#put(PENDING_IS_ALARM, Math.max(isAlarm, this.#cell(PENDING_IS_ALARM)));
      this.#put(DIP, Math.min(this.#cell(DIP), this.#cell(LOW)));
      this.#put(LOW, NOTHING_YET);
      return undefined;
    }
    const done = { height: pending, timeUs: this.#cell(PENDING_US), isAlarm: this.#cell(PENDING_IS_ALARM) === 1 };
    this.#put(PENDING, height);
    this.#put(PENDING_US, timeUs);
    this.#put(PENDING_CLEAR_US, this.#cell(CLEAR_US));
    this.#put(PENDING_IS_ALARM, isOne ? Math.max(isAlarm, this.#cell(PENDING_IS_ALARM)) : isAlarm);
    this.#put(DIP, this.#cell(LOW));
    this.#put(LOW, NOTHING_YET);
    return pending === NONE || isOne ? undefined : done;
  }

  #put(place: number, value: number): void {
    this.#cells[this.#at + place] = value;
  }

  #cell(place: number): number {
    return this.#cells[this.#at + place] ?? 0;
  }
}

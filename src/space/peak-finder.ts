const BLOCK = 0;
const HIGHEST = 1;
const HIGHEST_US = 2;
const IS_ALARM = 3;
const PENDING = 4;
const PENDING_US = 5;
const PENDING_IS_ALARM = 6;
const NONE = Number.NEGATIVE_INFINITY;

/** Two peaks nearer than this are one: windows overlap, and what happens lasts. */
export const APART_US = 10e6;

/** The highest of a stretch of scores that stands alone. */
export interface Peak {
  readonly height: number;
  readonly timeUs: number;
  /** Whether an alert was raised by it. */
  readonly isAlarm: boolean;
}

/**
 * Declusters a stream: gives the highest score of each stretch of time, and of two that are nearer to each other than `APART_US` only
 * the higher, so that what would be one alarm counts once ("runs declustering"; Leadbetter, Lindgren, Rootzen 1983, on the extremal
 * index of dependent sequences). Stretches are aligned to the epoch, by event time. All state is in `cells`.
 */
export class PeakFinder {
  static readonly CELLS = 7;
  readonly #cells: Float64Array;
  readonly #at: number;

  /** @param at where in the cells its own begin */
  constructor(cells: Float64Array, at: number) {
    this.#cells = cells;
    this.#at = at;
    if (this.#cell(BLOCK) > 0) return;
    this.#put(HIGHEST, NONE);
    this.#put(PENDING, NONE);
  }

  /** @returns a peak that no later score can take the place of, if one has become so */
  push(height: number, timeUs: number, isAlarm: boolean): Peak | undefined {
    const block = Math.floor(timeUs / APART_US);
    const done = block === this.#cell(BLOCK) ? undefined : this.#close(block);
    if (height > this.#cell(HIGHEST)) {
      this.#put(HIGHEST, height);
      this.#put(HIGHEST_US, timeUs);
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
    const isNear = timeUs - this.#cell(PENDING_US) < APART_US;
    if (pending !== NONE && isNear && pending >= height) {
      this.#put(PENDING_IS_ALARM, Math.max(isAlarm, this.#cell(PENDING_IS_ALARM)));
      return undefined;
    }
    const done = { height: pending, timeUs: this.#cell(PENDING_US), isAlarm: this.#cell(PENDING_IS_ALARM) === 1 };
    this.#put(PENDING, height);
    this.#put(PENDING_US, timeUs);
    this.#put(PENDING_IS_ALARM, isNear ? Math.max(isAlarm, this.#cell(PENDING_IS_ALARM)) : isAlarm);
    return pending === NONE || isNear ? undefined : done;
  }

  #put(place: number, value: number): void {
    this.#cells[this.#at + place] = value;
  }

  #cell(place: number): number {
    return this.#cells[this.#at + place] ?? 0;
  }
}

/** A pause in a recording that is longer is shortened to this: around alerts, hours may lie between two readings. */
const LONGEST_PAUSE_US = 5_000_000;
/** What a recording waits before it begins again. */
const BETWEEN_ROUNDS_US = 100_000;

/** Where the times of a recording lie on the time of now. All who are shown the same times get the same answers. */
export class RecordedPace {
  #nextUs: number;
  #shiftUs = 0;
  #lastUs: number | undefined;

  constructor(beginUs: number) {
    this.#nextUs = beginUs;
  }

  /** A round begins: where the one before ended, and a little later. */
  begin(): void {
    if (this.#lastUs !== undefined) this.#nextUs = this.#lastUs + this.#shiftUs + BETWEEN_ROUNDS_US;
    this.#lastUs = undefined;
  }

  /** What must be added to times of this moment of the recording; the moments in their order. */
  shiftUs(atUs: number): number {
    if (this.#lastUs === undefined) this.#shiftUs = this.#nextUs - atUs;
    else this.#shiftUs -= Math.max(0, atUs - this.#lastUs - LONGEST_PAUSE_US);
    this.#lastUs = Math.max(atUs, this.#lastUs ?? atUs);
    return this.#shiftUs;
  }
}

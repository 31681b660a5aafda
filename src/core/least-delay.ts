const HALF_US = 30_000_000;

/** The least delay of the last half to whole minute. */
export class LeastDelay {
  #sinceUs = Number.NEGATIVE_INFINITY;
  #now = Infinity;
  #before = Infinity;

  /** Adds a delay and returns the least one. */
  add(delayUs: number, arrivalUs: number): number {
    if (arrivalUs - this.#sinceUs > HALF_US) {
      this.#before = this.#now;
      this.#now = Infinity;
      this.#sinceUs = arrivalUs;
    }
    this.#now = Math.min(this.#now, delayUs);
    return Math.min(this.#now, this.#before);
  }
}

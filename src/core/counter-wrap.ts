const RANGES = [2 ** 16, 2 ** 32];
/** A counter wraps from its last tenth to its first. */
const EDGE = 0.1;

/**
 * Makes stamps that wrap at 16 or 32 bits (`micros()` of a microcontroller: every 71 minutes) grow without end, where their decoder
 * does not know their width. A fall from the last tenth of a range to its first is a wrap if the time that passed agrees; any
 * other fall is left to the clock model.
 */
export class CounterWrap {
  #range = 0;
  #offset = 0;
  #last = Number.NaN;
  #lastArrivalUs = 0;
  /** How often it wrapped. */
  wraps = 0;

  /**
   * @param scale microseconds of one count
   * @returns the count without wraps
   */
  next(raw: number, arrivalUs: number, scale = 1): number {
    const range = RANGES.find((one) => this.#last < one && this.#last >= one * (1 - EDGE) && raw >= 0 && raw < one * EDGE);
    if (range !== undefined && this.#isInTime(raw + range - this.#last, arrivalUs, range, scale)) {
      this.#range = range;
      this.#offset += range;
      this.wraps++;
    } else if (this.#range > 0 && this.#last < this.#range * EDGE && raw >= this.#range * (1 - EDGE) && raw < this.#range) {
      // A straggler from before the wrap.
      return raw + this.#offset - this.#range;
    }
    this.#last = raw;
    this.#lastArrivalUs = arrivalUs;
    return raw + this.#offset;
  }

  #isInTime(step: number, arrivalUs: number, range: number, scale: number): boolean {
    return Math.abs(arrivalUs - this.#lastArrivalUs - step * scale) < (range * scale) / 4;
  }
}

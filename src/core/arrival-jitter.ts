/** Assumed before there are two readings. */
const FIRST_GUESS_US = 5000;
const GAIN = 1 / 16;
/** Four mean deviations, as TCP takes for its timeout (RFC 6298). */
const DEVIATIONS = 4;

/** How unevenly readings arrive: what can be said of the error of a time of arrival. A delay that all readings share is not seen. */
export class ArrivalJitter {
  #lastUs = Number.NaN;
  #intervalUs = Number.NaN;
  #deviationUs = FIRST_GUESS_US;

  /** Four mean deviations of the distance of arrivals, at most one distance. */
  get errorUs(): number {
    const bound = DEVIATIONS * this.#deviationUs;
    return this.#intervalUs > 0 ? Math.min(bound, this.#intervalUs) : bound;
  }

  add(arrivalUs: number): void {
    const distanceUs = arrivalUs - this.#lastUs;
    this.#lastUs = arrivalUs;
    if (!(distanceUs >= 0)) return;
    if (Number.isNaN(this.#intervalUs)) {
      this.#intervalUs = distanceUs;
      return;
    }
    this.#deviationUs += GAIN * (Math.abs(distanceUs - this.#intervalUs) - this.#deviationUs);
    this.#intervalUs += GAIN * (distanceUs - this.#intervalUs);
  }
}

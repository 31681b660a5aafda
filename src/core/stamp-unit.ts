/** In what a sender counts its stamps, and what makes microseconds of them. */
export interface StampUnit {
  readonly name: 'microseconds' | 'milliseconds' | 'seconds' | 'nanoseconds';
  readonly scale: number;
}

const MICROSECONDS: StampUnit = { name: 'microseconds', scale: 1 };
const OTHERS: readonly StampUnit[] = [
  { name: 'milliseconds', scale: 1000 },
  { name: 'seconds', scale: 1_000_000 },
  { name: 'nanoseconds', scale: 0.001 },
];
/** A first stamp within a day of its arrival, in another unit than microseconds, is no coincidence. */
const NEAR_US = 86_400e6;
/** Clocks that were never set (1970) have no magnitude to go by. */
const SET_SINCE_US = 1e15;
/** A rate is looked at after so many stamps and so much time. */
const ENOUGH_STAMPS = 10;
const ENOUGH_US = 500_000;
/** A clock's rate is within a fifth of its unit's. */
const RATE_TOLERANCE = 0.2;

/**
 * Finds the unit of one source's stamps: stamps of the epoch by their magnitude, at once; counters that began somewhere by their
 * rate against arrivals, after half a second.
 */
export class StampUnitFinder {
  unit: StampUnit = MICROSECONDS;
  #stamps = 0;
  #first = 0;
  #firstArrivalUs = 0;
  #isSure = false;

  /** Looks at a stamp. Returns whether `unit` changed. */
  look(stamp: number, arrivalUs: number): boolean {
    if (this.#isSure) return false;
    if (this.#stamps++ === 0) {
      this.#first = stamp;
      this.#firstArrivalUs = arrivalUs;
      return arrivalUs > SET_SINCE_US && this.#decide(OTHERS.find(({ scale }) => Math.abs(stamp * scale - arrivalUs) < NEAR_US));
    }
    const elapsedUs = arrivalUs - this.#firstArrivalUs;
    if (this.#stamps < ENOUGH_STAMPS || elapsedUs < ENOUGH_US) return false;
    this.#isSure = true;
    const ratio = elapsedUs / (stamp - this.#first);
    return this.#decide(OTHERS.find(({ scale }) => Math.abs(ratio / scale - 1) < RATE_TOLERANCE));
  }

  #decide(found: StampUnit | undefined): boolean {
    if (!found) return false;
    this.unit = found;
    this.#isSure = true;
    return true;
  }
}

import { Envelope } from './clock-envelope.ts';

/** A corrected time and the bound of its error; `segment` changes where a clock stepped or restarted. */
export interface CorrectedTime {
  readonly timeUs: number;
  readonly errorUs: number;
  readonly segment: number;
}

export interface ClockModelOptions {
  /**
   * A stamp within so much of its arrival is taken as the epoch's time from a synchronised sender and used as it is.
   * Anything else is a device's own count, and its offset and drift are fitted. Default 1 s.
   */
  readonly trustWithinUs?: number;
  /** A disagreement above this between stamps and arrivals is a step of a clock. Default 1 s. */
  readonly stepUs?: number;
}

/** Strange stamps in a row after which the sender's clock is believed to have stepped, and is fitted anew. */
const STRANGE_IN_A_ROW = 5;
/** A fitted clock is slewed by at most this share of elapsed time, so that time neither jumps nor runs backwards. */
const MAX_SLEW = 0.1;

/**
 * Turns one source's device stamps into event times on the host's clock.
 *
 * A reading without a stamp happened when it arrived. Stamps close to their arrival are trusted as they are. All others (sample
 * counters, device uptime, clocks that were never set) are fitted: the delay between stamp and arrival is never negative, so the
 * line under all points (offset and drift) is the clock, whatever the jitter above it (see `Envelope`).
 */
export class ClockModel {
  readonly #trustWithinUs: number;
  readonly #stepUs: number;
  #mode: 'unknown' | 'trusted' | 'fitted' = 'unknown';
  #segment = 0;
  #strange = 0;
  #envelope = new Envelope();
  #lastDeviceUs = 0;
  #lastTimeUs = 0;
  #lastArrivalUs = Number.NEGATIVE_INFINITY;

  constructor({ trustWithinUs = 1_000_000, stepUs = 1_000_000 }: ClockModelOptions = {}) {
    this.#trustWithinUs = trustWithinUs;
    this.#stepUs = stepUs;
  }

  /**
   * The event time of a reading.
   *
   * @param deviceUs the sender's stamp, or undefined where it has none
   * @param arrivalUs host time of arrival
   * @returns undefined for a stamp that cannot be right in a stream whose others are (the caller counts it as `badStamp`)
   */
  correct(deviceUs: number | undefined, arrivalUs: number): CorrectedTime | undefined {
    if (deviceUs === undefined) return this.#byArrival(arrivalUs);
    if (!Number.isFinite(deviceUs)) return undefined;
    const isPlausible = Math.abs(arrivalUs - deviceUs) <= this.#trustWithinUs;
    if (this.#mode === 'unknown') this.#mode = isPlausible ? 'trusted' : 'fitted';
    if (this.#mode === 'trusted') {
      if (isPlausible) {
        this.#strange = 0;
        return { timeUs: Math.round(deviceUs), errorUs: Math.max(0, arrivalUs - deviceUs), segment: this.#segment };
      }
      if (++this.#strange < STRANGE_IN_A_ROW) return undefined;
      this.#mode = 'fitted';
      this.#restart();
    }
    return this.#byFit(deviceUs, arrivalUs);
  }

  #byArrival(arrivalUs: number): CorrectedTime {
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, Math.round(arrivalUs));
    return { timeUs: this.#lastArrivalUs, errorUs: 0, segment: this.#segment };
  }

  #byFit(deviceUs: number, arrivalUs: number): CorrectedTime {
    const elapsedUs = deviceUs - this.#lastDeviceUs;
    if (this.#envelope.isEmpty) this.#begin(deviceUs, arrivalUs);
    else if (elapsedUs < -this.#stepUs || Math.abs(this.#envelope.delay(deviceUs, arrivalUs)) > this.#stepUs) {
      this.#restart();
      this.#begin(deviceUs, arrivalUs);
    } else this.#envelope.add(deviceUs, arrivalUs);

    const wanted = this.#envelope.at(deviceUs);
    const step = deviceUs - this.#lastDeviceUs;
    // A straggler is placed by the line; what moves time forward may only be slewed.
    const timeUs =
      step <= 0 ? wanted : Math.min(Math.max(wanted, this.#lastTimeUs + step * (1 - MAX_SLEW)), this.#lastTimeUs + step * (1 + MAX_SLEW));
    if (step > 0) {
      this.#lastDeviceUs = deviceUs;
      this.#lastTimeUs = timeUs;
    }
    return { timeUs: Math.round(timeUs), errorUs: Math.round(this.#envelope.errorUs + Math.abs(timeUs - wanted)), segment: this.#segment };
  }

  #begin(deviceUs: number, arrivalUs: number): void {
    this.#envelope.add(deviceUs, arrivalUs);
    this.#lastDeviceUs = deviceUs;
    this.#lastTimeUs = Math.max(arrivalUs, this.#lastTimeUs);
  }

  #restart(): void {
    this.#segment++;
    this.#strange = 0;
    this.#envelope = new Envelope();
  }
}

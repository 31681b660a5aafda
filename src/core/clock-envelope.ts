/** A bucket keeps the point with the least delay of `BUCKET_US` of device time. */
const BUCKET_US = 250_000;
/** How far back the line looks: 240 buckets are one minute. */
const MAX_BUCKETS = 240;
/** Below this span a slope says nothing. */
const MIN_SPAN_FOR_DRIFT_US = 2_000_000;
/** What is assumed of the mean delay above the line before there are points: two points of 20 ms. */
const PRIOR_DELAY_US = 20_000;
const PRIOR_POINTS = 2;
/**
 * Of n exponential delays the least one lies below `6 mean / n` with 99.75 % certainty. Delays that are seldom near their least
 * (several queues in a row) come close to it more slowly, as `mean / sqrt(n)`.
 */
const SURE = 6;
/** A rise is believed when so many buckets (5 s) all lie above the line, after as many that did not. */
const RISE_BUCKETS = 20;

export interface EnvelopeOptions {
  /** A steeper line is noise. Default 500 ppm: no quartz is worse. */
  readonly maxDrift?: number;
  /** The usual size of a drift: the steepness that little data supports is drawn towards 0 by it. Default 100 ppm. */
  readonly usualDrift?: number;
}

/**
 * The line under all points (device time, arrival): offset and drift of a device's clock, robust to delays of any size above it.
 *
 * Of the lines that lie under all points, the one that is highest at their middle: the edge of the lower convex hull that spans
 * the mean (Moon, Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements", INFOCOM 1999).
 * Its steepness is drawn towards 0 as far as the jitter makes it uncertain. Adding a point costs no memory; the line is fitted
 * anew four times a second of device time, and when a point lies below it.
 */
export class Envelope {
  readonly #maxDrift: number;
  readonly #usualDrift: number;
  /** Per bucket, in order of device time: its number, its lowest point, how many points it had and the sum of their delays. */
  readonly #number = new Float64Array(MAX_BUCKETS);
  readonly #deviceUs = new Float64Array(MAX_BUCKETS);
  readonly #delayUs = new Float64Array(MAX_BUCKETS);
  readonly #points = new Float64Array(MAX_BUCKETS);
  readonly #sumUs = new Float64Array(MAX_BUCKETS);
  readonly #hull = new Uint16Array(MAX_BUCKETS);
  readonly #residualUs = new Float64Array(MAX_BUCKETS);
  #count = 0;
  #originUs = 0;
  #originDelayUs = 0;
  #slope = 0;
  #interceptUs = 0;
  #errorUs = 0;
  #riseUs = 0;

  constructor({ maxDrift = 500e-6, usualDrift = 100e-6 }: EnvelopeOptions = {}) {
    this.#maxDrift = maxDrift;
    this.#usualDrift = usualDrift;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /**
   * Bound of the line's error at its newest end. It holds what delays and their number say; a part of the delay that every point
   * has, no line can see.
   */
  get errorUs(): number {
    return this.#errorUs;
  }

  /** Device seconds per host second, less 1; positive where the device's clock is slow. */
  get drift(): number {
    return this.#slope;
  }

  /** Device time between the oldest and the newest bucket. */
  get spanUs(): number {
    return this.#count === 0 ? 0 : (this.#deviceUs[this.#count - 1] ?? 0) - (this.#deviceUs[0] ?? 0);
  }

  /** By how much all points of the last 5 s lie above the line: the device's clock stepped back, or the host's forward. */
  get riseUs(): number {
    return this.#riseUs;
  }

  /** Host time at which the device read `deviceUs`. */
  at(deviceUs: number): number {
    return deviceUs + this.#originDelayUs + this.#interceptUs + this.#slope * (deviceUs - this.#originUs);
  }

  /** How much later than the line a point arrived; negative: earlier than ever. */
  delay(deviceUs: number, arrivalUs: number): number {
    return arrivalUs - this.at(deviceUs);
  }

  /** The host's clock jumped by so much: the same line, so much later. */
  shift(byUs: number): void {
    this.#originDelayUs += byUs;
  }

  add(deviceUs: number, arrivalUs: number): void {
    if (this.#count === 0) {
      this.#originUs = deviceUs;
      this.#originDelayUs = arrivalUs - deviceUs;
    }
    // Relative to the first delay, so that sums stay small and exact.
    const delayUs = arrivalUs - deviceUs - this.#originDelayUs;
    const number = Math.floor((deviceUs - this.#originUs) / BUCKET_US);
    let at = this.#count - 1;
    while (at >= 0 && (this.#number[at] ?? 0) > number) at--;
    if (at < 0 || this.#number[at] !== number) {
      // A straggler from before all buckets, or between two, says nothing that is worth moving them.
      if (at !== this.#count - 1) return;
      this.#append(number, deviceUs, delayUs);
      this.#fit();
      return;
    }
    this.#points[at] = (this.#points[at] ?? 0) + 1;
    this.#sumUs[at] = (this.#sumUs[at] ?? 0) + delayUs;
    if (delayUs >= (this.#delayUs[at] ?? 0)) return;
    this.#deviceUs[at] = deviceUs;
    this.#delayUs[at] = delayUs;
    // Within a bucket only a point below the line can change it.
    if (delayUs < this.#lineUs(deviceUs)) this.#fit();
  }

  #lineUs(deviceUs: number): number {
    return this.#interceptUs + this.#slope * (deviceUs - this.#originUs);
  }

  #append(number: number, deviceUs: number, delayUs: number): void {
    if (this.#count === MAX_BUCKETS) {
      for (const column of [this.#number, this.#deviceUs, this.#delayUs, this.#points, this.#sumUs]) column.copyWithin(0, 1);
      this.#count--;
    }
    this.#number[this.#count] = number;
    this.#deviceUs[this.#count] = deviceUs;
    this.#delayUs[this.#count] = delayUs;
    this.#points[this.#count] = 1;
    this.#sumUs[this.#count] = delayUs;
    this.#count++;
  }

  #fit(): void {
    const count = this.#count;
    const steepness = this.#steepness();
    this.#lay(steepness);
    const spanUs = this.spanUs;
    let scaleUs = 0;
    for (let i = 0; i < count; i++) scaleUs += (this.#delayUs[i] ?? 0) - this.#lineUs(this.#deviceUs[i] ?? 0);
    scaleUs /= count;
    // A bucket's lowest point is uncertain by `scale`; so is the line's steepness over half its span.
    const uncertain = spanUs < MIN_SPAN_FOR_DRIFT_US ? Infinity : (2 * (scaleUs + PRIOR_DELAY_US / this.#total())) / spanUs;
    this.#lay(steepness / (1 + (uncertain / this.#usualDrift) ** 2));
    this.#bound(Math.min(uncertain, this.#usualDrift));
  }

  /** The line of that steepness that touches the points from below. */
  #lay(slope: number): void {
    this.#slope = slope;
    let interceptUs = Infinity;
    for (let i = 0; i < this.#count; i++) {
      interceptUs = Math.min(interceptUs, (this.#delayUs[i] ?? 0) - slope * ((this.#deviceUs[i] ?? 0) - this.#originUs));
    }
    this.#interceptUs = interceptUs;
  }

  #total(): number {
    let total = 0;
    for (let i = 0; i < this.#count; i++) total += this.#points[i] ?? 0;
    return total;
  }

  #bound(slopeError: number): void {
    const count = this.#count;
    let excessUs = 0;
    let total = 0;
    this.#riseUs = count >= 2 * RISE_BUCKETS ? Infinity : 0;
    for (let i = 0; i < count; i++) {
      const lineUs = this.#lineUs(this.#deviceUs[i] ?? 0);
      const points = this.#points[i] ?? 0;
      excessUs += Math.max(0, (this.#sumUs[i] ?? 0) - points * lineUs);
      total += points;
      const residualUs = (this.#delayUs[i] ?? 0) - lineUs;
      this.#residualUs[i] = residualUs;
      if (i >= count - RISE_BUCKETS) this.#riseUs = Math.min(this.#riseUs, residualUs);
    }
    const meanUs = (PRIOR_DELAY_US * PRIOR_POINTS + excessUs) / (PRIOR_POINTS - 1 + total);
    const middle = this.#residualUs.subarray(0, count).sort()[count >> 1] ?? 0;
    const leverUs = this.spanUs < MIN_SPAN_FOR_DRIFT_US ? this.spanUs : this.spanUs / 2;
    this.#errorUs = (SURE * meanUs) / total + meanUs / Math.sqrt(total) + slopeError * leverUs + middle;
  }

  /** Steepness of the hull's edge below the mean, bounded. */
  #steepness(): number {
    const corners = this.#lowerHull();
    if (corners < 2) return 0;
    let meanUs = 0;
    for (let i = 0; i < this.#count; i++) meanUs += (this.#deviceUs[i] ?? 0) / this.#count;
    let right = 1;
    while (right < corners - 1 && (this.#deviceUs[this.#hull[right] ?? 0] ?? 0) < meanUs) right++;
    const from = this.#hull[right - 1] ?? 0;
    const to = this.#hull[right] ?? 0;
    const steepness = ((this.#delayUs[to] ?? 0) - (this.#delayUs[from] ?? 0)) / ((this.#deviceUs[to] ?? 0) - (this.#deviceUs[from] ?? 0));
    return Math.min(this.#maxDrift, Math.max(-this.#maxDrift, steepness));
  }

  /** Fills `#hull` with the buckets on the lower convex hull (Andrew's monotone chain). Returns how many. */
  #lowerHull(): number {
    let corners = 0;
    for (let i = 0; i < this.#count; i++) {
      while (corners >= 2 && !this.#turnsUp(this.#hull[corners - 2] ?? 0, this.#hull[corners - 1] ?? 0, i)) corners--;
      this.#hull[corners++] = i;
    }
    return corners;
  }

  #turnsUp(a: number, b: number, c: number): boolean {
    const ax = this.#deviceUs[a] ?? 0;
    const ay = this.#delayUs[a] ?? 0;
    return (
      ((this.#deviceUs[b] ?? 0) - ax) * ((this.#delayUs[c] ?? 0) - ay) - ((this.#delayUs[b] ?? 0) - ay) * ((this.#deviceUs[c] ?? 0) - ax) >
      0
    );
  }
}

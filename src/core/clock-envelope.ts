/** A bucket keeps the point with the least delay of `BUCKET_US` of device time. */
const BUCKET_US = 250_000;
/** How far back the line looks: 240 buckets are one minute. */
const MAX_BUCKETS = 240;
/** No quartz is worse than this; a steeper line is noise. */
const MAX_DRIFT = 500e-6;
/** Below this span a slope cannot be told from jitter. */
const MIN_SPAN_FOR_DRIFT_US = 10_000_000;

interface Point {
  readonly deviceUs: number;
  readonly delayUs: number;
}

/**
 * The line under all points (device time, arrival): offset and drift of a device's clock, robust to delays of any size above it.
 *
 * Of the lines that lie under all points, the one that is highest at their middle: the edge of the lower convex hull that spans
 * the mean (Moon, Skelly and Towsley, "Estimation and removal of clock skew from network delay measurements", INFOCOM 1999).
 */
export class Envelope {
  #originUs = 0;
  #buckets: Point[] = [];
  #slope = 0;
  #interceptUs = 0;
  #errorUs = 0;

  get isEmpty(): boolean {
    return this.#buckets.length === 0;
  }

  /** How far the least delays lie above the line (median over buckets): what the line cannot know. */
  get errorUs(): number {
    return this.#errorUs;
  }

  /** Host time at which the device read `deviceUs`. */
  at(deviceUs: number): number {
    const x = deviceUs - this.#originUs;
    return deviceUs + this.#interceptUs + this.#slope * x;
  }

  /** How much later than the line a point arrived; negative: earlier than ever. */
  delay(deviceUs: number, arrivalUs: number): number {
    return arrivalUs - this.at(deviceUs);
  }

  add(deviceUs: number, arrivalUs: number): void {
    if (this.isEmpty) this.#originUs = deviceUs;
    const point = { deviceUs, delayUs: arrivalUs - deviceUs };
    const last = this.#buckets.at(-1);
    if (last && Math.floor(last.deviceUs / BUCKET_US) === Math.floor(deviceUs / BUCKET_US)) {
      if (point.delayUs >= last.delayUs) return;
      this.#buckets[this.#buckets.length - 1] = point;
      // Within a bucket only a point below the line can change it.
      if (this.delay(deviceUs, arrivalUs) >= 0) return;
    } else {
      this.#buckets.push(point);
      if (this.#buckets.length > MAX_BUCKETS) this.#buckets.shift();
    }
    this.#fit();
  }

  #fit(): void {
    const points = this.#buckets.toSorted((a, b) => a.deviceUs - b.deviceUs);
    const first = points[0];
    const last = points.at(-1);
    if (!first || !last) return;
    const hull = lowerHull(points);
    const meanUs = points.reduce((sum, point) => sum + point.deviceUs, 0) / points.length;
    const right = Math.max(
      1,
      hull.findIndex((point) => point.deviceUs >= meanUs),
    );
    const from = hull[right - 1] ?? first;
    const to = hull[right] ?? from;
    const span = last.deviceUs - first.deviceUs;
    const steepness = to === from ? 0 : (to.delayUs - from.delayUs) / (to.deviceUs - from.deviceUs);
    this.#slope = span < MIN_SPAN_FOR_DRIFT_US ? 0 : Math.min(MAX_DRIFT, Math.max(-MAX_DRIFT, steepness));
    this.#interceptUs = Infinity;
    for (const point of points) {
      this.#interceptUs = Math.min(this.#interceptUs, point.delayUs - this.#slope * (point.deviceUs - this.#originUs));
    }
    const residuals = points.map((point) => point.delayUs - this.#interceptUs - this.#slope * (point.deviceUs - this.#originUs));
    this.#errorUs = residuals.sort((a, b) => a - b)[residuals.length >> 1] ?? 0;
  }
}

/** Lower convex hull of points in ascending order of device time (Andrew's monotone chain). */
function lowerHull(points: readonly Point[]): Point[] {
  const hull: Point[] = [];
  for (const point of points) {
    for (;;) {
      const b = hull.at(-1);
      const a = hull.at(-2);
      if (!a || !b) break;
      const turn = (b.deviceUs - a.deviceUs) * (point.delayUs - a.delayUs) - (b.delayUs - a.delayUs) * (point.deviceUs - a.deviceUs);
      if (turn > 0) break;
      hull.pop();
    }
    hull.push(point);
  }
  return hull;
}

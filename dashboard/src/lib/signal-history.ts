/**
 * The newest `capacity` rows of a signal with several channels. Each value is stored twice, `capacity` apart, so that the rows
 * from oldest to newest always lie in one piece and can be handed out without copying.
 */
export class SignalHistory {
  readonly #capacity: number;
  readonly #times: Float64Array;
  readonly #channels: readonly Float32Array[];
  #rows = 0;

  constructor(channels: number, capacity: number) {
    this.#capacity = capacity;
    this.#times = new Float64Array(2 * capacity);
    this.#channels = Array.from({ length: channels }, () => new Float32Array(2 * capacity));
  }

  /** Rows ever pushed. */
  get rows(): number {
    return this.#rows;
  }

  get newestSeconds(): number {
    return this.#rows === 0 ? Number.NEGATIVE_INFINITY : (this.#times[(this.#rows - 1) % this.#capacity] ?? 0);
  }

  /** @param at index of the row's first value in `values` */
  push(seconds: number, values: Float32Array, at = 0): void {
    const slot = this.#rows % this.#capacity;
    this.#times[slot] = seconds;
    this.#times[slot + this.#capacity] = seconds;
    for (const [i, channel] of this.#channels.entries()) {
      const value = values[at + i] ?? Number.NaN;
      channel[slot] = value;
      channel[slot + this.#capacity] = value;
    }
    this.#rows++;
  }

  /** Views of times and of `count` channels from `first`, oldest first. VALID UNTIL THE NEXT PUSH. */
  view(first: number, count: number): [Float64Array, ...Float32Array[]] {
    const length = Math.min(this.#rows, this.#capacity);
    const start = this.#rows <= this.#capacity ? 0 : this.#rows % this.#capacity;
    const channels = this.#channels.slice(first, first + count).map((channel) => channel.subarray(start, start + length));
    return [this.#times.subarray(start, start + length), ...channels];
  }
}

/** An exponential moving mean of durations in ms: each new one counts an eighth. 1 until the first. Never below 0.01. */
export class MovingMean {
  #value: number | undefined;

  get value(): number {
    return Math.max(0.01, this.#value ?? 1);
  }

  add(ms: number): void {
    this.#value = this.#value === undefined ? ms : this.#value + (ms - this.#value) / 8;
  }
}

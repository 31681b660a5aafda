/** Waiting times between attempts to bring something back: doubling from `firstMs` to `maxMs`; `reset` after a success. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #nextMs: number;

  constructor({ firstMs = 250, maxMs = 10_000 }: { firstMs?: number; maxMs?: number } = {}) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#nextMs = firstMs;
  }

  next(): number {
    const delay = this.#nextMs;
    this.#nextMs = Math.min(this.#nextMs * 2, this.#maxMs);
    return delay;
  }

  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}

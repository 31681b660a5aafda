/** Lets through `perSecond` on average, and twice as many at once after a pause. */
export class TokenBucket {
  readonly #perSecond: number;
  #tokens: number;
  #lastUs: number;

  constructor(perSecond: number, nowUs: number) {
    this.#perSecond = perSecond;
    this.#tokens = 2 * perSecond;
    this.#lastUs = nowUs;
  }

  take(nowUs: number): boolean {
    const earned = ((nowUs - this.#lastUs) / 1_000_000) * this.#perSecond;
    this.#tokens = Math.min(2 * this.#perSecond, this.#tokens + earned);
    this.#lastUs = nowUs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}

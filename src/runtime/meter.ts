import type { Clock } from '../core/time.ts';

const SLOTS = 5;
const SLOT_US = 1_000_000;

/** Events per second over the last five whole seconds, in constant space. */
export class Meter {
  readonly #clock: Clock;
  readonly #counts = new Uint32Array(SLOTS + 1);
  readonly #sinceUs: number;
  #slot: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#sinceUs = clock.nowUs();
    this.#slot = this.#now();
  }

  count(): void {
    this.#turn();
    const at = this.#slot % (SLOTS + 1);
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** Per second; since the start where that is less than five seconds ago. */
  get hz(): number {
    this.#turn();
    const current = this.#slot % (SLOTS + 1);
    let sum = 0;
    for (const [i, count] of this.#counts.entries()) if (i !== current) sum += count;
    const whole = Math.min(SLOTS, Math.floor((this.#clock.nowUs() - this.#sinceUs) / SLOT_US));
    return whole === 0 ? (this.#counts[current] ?? 0) : sum / whole;
  }

  #now(): number {
    return Math.floor((this.#clock.nowUs() - this.#sinceUs) / SLOT_US);
  }

  #turn(): void {
    const now = this.#now();
    for (let slot = Math.max(this.#slot + 1, now - SLOTS); slot <= now; slot++) this.#counts[slot % (SLOTS + 1)] = 0;
    this.#slot = now;
  }
}

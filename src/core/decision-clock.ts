import type { Clock } from './time.ts';

/**
 * The clock that decisions are timed by: while a timer's callback runs, time stands still at the moment at which it fired, and that
 * moment is told first. A recording of those moments is enough to let a replay decide the same at the same places.
 */
export class DecisionClock implements Clock {
  readonly #base: Clock;
  readonly #onWake: (nowUs: number) => void;
  #frozenUs: number | undefined;

  constructor(base: Clock, onWake: (nowUs: number) => void) {
    this.#base = base;
    this.#onWake = onWake;
  }

  nowUs(): number {
    return this.#frozenUs ?? this.#base.nowUs();
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#base.after(delayMs, () => {
      const nowUs = this.#base.nowUs();
      this.#onWake(nowUs);
      this.frozenAt(nowUs, callback);
    });
  }

  /** Runs something for which it is `nowUs` all the time. */
  frozenAt(nowUs: number, task: () => void): void {
    this.#frozenUs = nowUs;
    try {
      task();
    } finally {
      this.#frozenUs = undefined;
    }
  }
}

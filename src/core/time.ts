/**
 * The seam between EdgeBind and time: everything that asks "what time is it" or "wake me" goes through a `Clock`, so that
 * tests and replays run the same code on virtual time.
 */
export interface Clock {
  /** Microseconds since the epoch, never running backwards. */
  nowUs(): number;
  /** Calls `callback` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

const monotonicUs = (): number => Math.round(performance.now() * 1000);

/** The epoch at `performance.now() === 0`, so that time is as fine as the monotonic clock and never steps with NTP. */
const originUs = Math.round(performance.timeOrigin * 1000);

/** The host's monotonic clock, anchored to the wall clock once at start. */
export const hostClock: Clock = {
  nowUs: () => originUs + monotonicUs(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** A clock that moves only when told to. Timers fire in order of their due time while `advanceTo` passes them. */
export class VirtualClock implements Clock {
  #nowUs: number;
  #timers: { dueUs: number; callback: () => void }[] = [];

  constructor(startUs = 0) {
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueUs: this.#nowUs + delayMs * 1000, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  advanceTo(timeUs: number): void {
    for (;;) {
      const due = this.#timers.filter((timer) => timer.dueUs <= timeUs).sort((a, b) => a.dueUs - b.dueUs)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((other) => other !== due);
      this.#nowUs = Math.max(this.#nowUs, due.dueUs);
      due.callback();
    }
    this.#nowUs = Math.max(this.#nowUs, timeUs);
  }

  advanceMs(ms: number): void {
    this.advanceTo(this.#nowUs + ms * 1000);
  }
}

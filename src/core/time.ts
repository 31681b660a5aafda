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

/** What a host clock reads: a counter that never steps, and the wall clock that NTP may set. Microseconds. */
export interface HostTime {
  readonly monotonicUs: () => number;
  readonly wallUs: () => number;
}

const realTime: HostTime = { monotonicUs: () => Math.round(performance.now() * 1000), wallUs: () => Date.now() * 1000 };

/**
 * The host's monotonic clock, anchored to the wall clock at start: as fine as the monotonic clock, and the same when NTP slews or
 * steps the wall clock. Only `follow` moves the anchor, forwards alone (see `watchHostClock`).
 */
export class HostClock implements Clock {
  readonly #time: HostTime;
  #originUs: number;

  constructor(time: HostTime = realTime, originUs: number = time.wallUs() - time.monotonicUs()) {
    this.#time = time;
    this.#originUs = originUs;
  }

  nowUs(): number {
    return this.#originUs + this.#time.monotonicUs();
  }

  /** How far the wall clock is ahead of this one. */
  behindWallUs(): number {
    return this.#time.wallUs() - this.nowUs();
  }

  /** The wall clock was set forwards by so much, and this clock with it. */
  follow(byUs: number): void {
    this.#originUs += Math.max(0, byUs);
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = setTimeout(callback, delayMs);
    return () => {
      clearTimeout(timer);
    };
  }
}

/** The clock of this process. */
export const hostClock: HostClock = new HostClock(realTime, Math.round(performance.timeOrigin * 1000));

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

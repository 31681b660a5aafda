import { Subject, type Observable } from 'rxjs';
import type { Log } from '../core/log.ts';
import type { HostClock } from '../core/time.ts';
import { watchHostClock, type HostStep } from '../core/watch-host-clock.ts';

/** Watches the host's clock for steps: sources hear of them, the log and the status say so. */
export class HostClockReport {
  readonly #clock: HostClock;
  readonly #steps = new Subject<number>();
  readonly #end: () => void;
  #count = 0;
  #last: (HostStep & { readonly atUs: number }) | undefined;

  constructor(clock: HostClock, log: Log) {
    this.#clock = clock;
    this.#end = watchHostClock(clock, (step) => {
      this.#count++;
      this.#last = { ...step, atUs: clock.nowUs() };
      log.warn(
        { stepMs: Math.round(step.byUs / 1000) },
        step.isFollowed
          ? "the host's clock was set forwards: event time goes with it, every source begins a new segment"
          : "the host's clock was set back: event time never runs backwards and stays ahead of it until the next start",
      );
      this.#steps.next(step.isFollowed ? step.byUs : 0);
    });
  }

  /** Microseconds by which event time was moved. */
  get steps$(): Observable<number> {
    return this.#steps.asObservable();
  }

  describe(): object {
    return { aheadOfWallMs: Math.round(-this.#clock.behindWallUs() / 1000), steps: this.#count, ...(this.#last && { last: this.#last }) };
  }

  stop(): void {
    this.#end();
    this.#steps.complete();
  }
}

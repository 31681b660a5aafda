import type { Clock } from '../../core/time.ts';

interface Timer {
  readonly dueUs: number;
  readonly callback: () => void;
}

/**
 * The clock of a replay: it moves as the recording says. `wake` runs the timers that are due where the recorded run's ran, `setTo` runs
 * none; `advanceTo` runs each at its own time, for replays that decide anew.
 */
export class ReplayClock implements Clock {
  #nowUs: number;
  readonly #timers = new Set<Timer>();

  constructor(startUs: number) {
    this.#nowUs = startUs;
  }

  nowUs(): number {
    return this.#nowUs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueUs: this.#nowUs + delayMs * 1000, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  setTo(timeUs: number): void {
    this.#nowUs = Math.max(this.#nowUs, timeUs);
  }

  wake(timeUs: number): void {
    this.setTo(timeUs);
    // Those that a callback sets are for a later wake.
    for (const timer of [...this.#timers].filter(({ dueUs }) => dueUs <= timeUs).sort(byDue)) this.#fire(timer);
  }

  advanceTo(timeUs: number): void {
    for (;;) {
      const first = [...this.#timers].sort(byDue)[0];
      if (!first || first.dueUs > timeUs) break;
      this.setTo(first.dueUs);
      this.#fire(first);
    }
    this.setTo(timeUs);
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.callback();
  }
}

const byDue = (a: Timer, b: Timer): number => a.dueUs - b.dueUs;

import type { AlertLog } from '../core/alert-log.ts';
import type { Alert } from '../core/types.ts';
import type { Subscription } from './subscription.ts';

const READ_AHEAD = 64;

/**
 * One client's place in the alert log. Alerts wait in the log, not here: a client that does not read costs nothing, and what it
 * has not been sent it can resume.
 */
export class AlertFeed {
  readonly #log: AlertLog;
  readonly #subscriptions = new Map<string, Subscription>();
  #position: number;
  #ahead: readonly Alert[] = [];
  #aheadAt = 0;

  constructor(log: AlertLog) {
    this.#log = log;
    this.#position = log.newest;
  }

  /** Alerts after this cursor are still to come. */
  get position(): number {
    return this.#position;
  }

  get isWatched(): boolean {
    return this.#subscriptions.size > 0;
  }

  /** The first subscription begins with the alerts after now, or after the last `resume`. Returns that cursor. */
  add(subscription: Subscription, isResumed: boolean): number {
    if (!this.isWatched && !isResumed) this.resume(this.#log.newest);
    this.#subscriptions.set(subscription.name, subscription);
    return this.#position;
  }

  remove(name: string): void {
    this.#subscriptions.delete(name);
  }

  resume(cursor: number): void {
    this.#position = cursor;
    this.#ahead = [];
    this.#aheadAt = 0;
  }

  /**
   * The next alert that a subscription wants, or undefined.
   *
   * @param onGap called where the log no longer has alerts that are due, with how many
   */
  next(onGap: (count: number) => void): Alert | undefined {
    if (!this.isWatched) return undefined;
    for (;;) {
      const alert = this.#read();
      if (!alert) return undefined;
      if (alert.cursor > this.#position + 1) onGap(alert.cursor - this.#position - 1);
      this.#position = alert.cursor;
      for (const subscription of this.#subscriptions.values()) if (subscription.matches(alert.source, alert.modality)) return alert;
    }
  }

  #read(): Alert | undefined {
    if (this.#aheadAt >= this.#ahead.length) {
      if (this.#position >= this.#log.newest) return undefined;
      this.#ahead = this.#log.after(this.#position, READ_AHEAD);
      this.#aheadAt = 0;
    }
    const alert = this.#ahead[this.#aheadAt];
    this.#aheadAt += 1;
    return alert;
  }
}

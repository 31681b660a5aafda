/** What a rule asks of a score over time. */
export interface AlertTerms {
  readonly threshold: number;
  readonly clearBelow: number;
  readonly holdMs: number;
  readonly cooldownMs: number;
}

export type AlertChange = 'raised' | 'cleared' | undefined;

/**
 * One rule on one source: an alert is a state, not a spike. Runs on event time alone, so a replay decides the same.
 *
 * quiet -> (score >= threshold) -> pending -> (for holdMs) -> RAISED -> (score < clearBelow) -> quiet, and deaf for cooldownMs.
 */
export class AlertState {
  #phase: 'quiet' | 'pending' | 'raised' = 'quiet';
  #sinceUs = 0;
  #deafUntilUs = Number.NEGATIVE_INFINITY;
  #isHeld = false;

  get isQuiet(): boolean {
    return this.#phase === 'quiet';
  }

  get isRaised(): boolean {
    return this.#phase === 'raised';
  }

  /** Raised, or would be if it might. */
  get isUp(): boolean {
    return this.#phase === 'raised' || (this.#phase === 'pending' && this.#isHeld);
  }

  /** Goes on with an alert that was raised before a restart. */
  restore(): void {
    this.#phase = 'raised';
  }

  /** Goes on with the cooldown of one that was cleared before a restart. */
  rest(clearedUs: number, cooldownMs: number): void {
    this.#deafUntilUs = clearedUs + cooldownMs * 1000;
  }

  /** Forgets what was seen, e.g. when the rule's query changes. */
  reset(): void {
    this.#phase = 'quiet';
  }

  /** @param mayRaise false: holds an alert back that would be raised now; it comes when it may, if the score is still up */
  step(score: number, timeUs: number, terms: AlertTerms, mayRaise = true): AlertChange {
    if (this.#phase === 'raised') {
      if (score >= terms.clearBelow) return undefined;
      this.#phase = 'quiet';
      this.#deafUntilUs = timeUs + terms.cooldownMs * 1000;
      return 'cleared';
    }
    if (!(score >= terms.threshold) || timeUs < this.#deafUntilUs) {
      this.#phase = 'quiet';
      return undefined;
    }
    if (this.#phase === 'quiet') {
      this.#phase = 'pending';
      this.#sinceUs = timeUs;
    }
    this.#isHeld = timeUs - this.#sinceUs >= terms.holdMs * 1000;
    if (!this.#isHeld || !mayRaise) return undefined;
    this.#phase = 'raised';
    return 'raised';
  }
}

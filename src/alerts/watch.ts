import type { Score, Sense, SenseScore } from '../core/types.ts';
import { Background, PEAKS_NEEDED } from '../space/background.ts';
import { AlertState, type AlertChange } from './alert-state.ts';
import { clearBelow, type Rule } from './rule.ts';

/** No cosine is higher. */
const OUT_OF_REACH = 1;

/** When something was judged. */
export interface Moment {
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
}

/** Nothing was judged yet. */
const NEVER: Moment = { startUs: Number.NEGATIVE_INFINITY, endUs: Number.NEGATIVE_INFINITY, errorUs: 0 };

/** One rule on one source: its background, its threshold, and whether it is up. */
export class Watch {
  readonly source: string;
  readonly modality: Sense;
  /** The space of the scores that its background is made of. */
  space: string;
  readonly state: AlertState = new AlertState();
  background: Background;
  /** Place in the journal of backgrounds; below 0: none yet. */
  journalIndex = -1;
  /** End of the newest window in which it was up. */
  upUs: number = Number.NEGATIVE_INFINITY;
  /** What the newest score changed. */
  change: AlertChange;
  /** The newest score, and the threshold that it was judged by. */
  score = 0;
  threshold: number = OUT_OF_REACH;
  #spreads = 0;
  #isLearning = false;
  #at: Moment = NEVER;
  /** What it scored when it was up last. */
  #up: SenseScore | undefined;
  readonly #terms: { threshold: number; clearBelow: number; holdMs: number; cooldownMs: number };

  constructor(source: string, modality: Sense, space: string, rule: Rule, cells?: Float64Array) {
    this.source = source;
    this.modality = modality;
    this.space = space;
    this.background = new Background(rule.falseAlarmsPerDay, cells);
    this.#terms = { threshold: OUT_OF_REACH, clearBelow: OUT_OF_REACH, holdMs: 0, cooldownMs: 0 };
  }

  /** The rule has other numbers now, and the same query: what was learnt stays. */
  adopt(rule: Rule): void {
    this.background = new Background(rule.falseAlarmsPerDay, this.background.cells);
    this.journalIndex = -1;
  }

  /** Goes on from what was known of the source at another moment. */
  resume(rule: Rule, cells: Float64Array): void {
    this.background = new Background(rule.falseAlarmsPerDay, cells);
    this.journalIndex = -1;
    if (!this.state.isRaised) this.state.reset();
  }

  /** The source's vectors are of another space from now on: scores are usual there that were not here. What is raised stays raised. */
  enter(space: string, rule: Rule, cells?: Float64Array): void {
    this.space = space;
    this.background = new Background(rule.falseAlarmsPerDay, cells);
    this.journalIndex = -1;
  }

  /** Where the alert would be raised now; undefined while that is still being learnt. */
  thresholdNow(rule: Rule): number | undefined {
    return this.background.threshold ?? rule.threshold;
  }

  /** What it scored when it was up last, or just now where that is long ago. */
  get sense(): SenseScore | undefined {
    return this.#at.endUs - this.upUs <= FORGET_US ? this.#up : this.#now;
  }

  /** Judges a score, learns from it, and leaves what it made of it in `change`. A rule of several sources rests as one. */
  judge(score: number, at: Moment, rule: Rule, mayRaise: boolean): void {
    const { background, state } = this;
    const { endUs } = at;
    const learnt = background.threshold;
    const threshold = learnt ?? rule.threshold ?? Number.POSITIVE_INFINITY;
    this.change = undefined;
    // Most scores are far from an alert: for them nothing more is worked out.
    if (score >= threshold || !state.isQuiet) {
      const terms = this.#terms;
      terms.threshold = threshold;
      terms.clearBelow = learnt === undefined ? clearBelow(threshold, rule) : background.clearBelow(threshold);
      terms.holdMs = rule.holdMs;
      terms.cooldownMs = rule.atLeast ? 0 : rule.cooldownMs;
      this.change = state.step(score, endUs, terms, mayRaise);
    }
    const { isUp } = state;
    const spreads = background.push(score, endUs, isUp);
    this.score = score;
    this.threshold = Math.min(threshold, OUT_OF_REACH);
    this.#spreads = Number.isNaN(spreads) ? 0 : spreads;
    this.#isLearning = learnt === undefined && rule.falseAlarmsPerDay !== undefined;
    this.#at = at;
    if (!isUp) return;
    this.upUs = endUs;
    this.#up = this.#now;
  }

  /** The newest score as others are told of it. Made when it is asked for: most scores nobody hears. */
  fact(rule: Rule): Score {
    const { source, modality, score, threshold } = this;
    const { startUs, endUs } = this.#at;
    const spreads = this.#spreads;
    if (!this.#isLearning) return { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads };
    const learning = Math.min(1, this.background.peaksSeen / PEAKS_NEEDED);
    return { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads, learning };
  }

  get #now(): SenseScore | undefined {
    if (this.#at === NEVER) return undefined;
    const { source, modality, score, threshold } = this;
    const { startUs, endUs, errorUs } = this.#at;
    return { source, modality, score, threshold, spreads: this.#spreads, startUs, endUs, errorUs };
  }
}
/** What was up is shown with an alert for so long. */
const FORGET_US = 10e6;

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
  #shown: Score | undefined;
  #errorUs = 0;
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

  /** The source's vectors are of another space from now on: scores are usual there that were not here. What is raised stays raised. */
  enter(space: string, rule: Rule, cells?: Float64Array): void {
    this.space = space;
    this.background = new Background(rule.falseAlarmsPerDay, cells);
    this.journalIndex = -1;
  }

  /** Where the alert would be raised now; undefined while that is still being learnt. */
  threshold(rule: Rule): number | undefined {
    return this.background.threshold ?? rule.threshold;
  }

  /** What it scored when it was up last, or just now where that is long ago. */
  get sense(): SenseScore | undefined {
    if (!this.#shown) return undefined;
    const { source, modality, score, threshold, spreads = 0, startUs, endUs } = this.#shown;
    return { source, modality, score, threshold, spreads, startUs, endUs, errorUs: this.#errorUs };
  }

  /** Judges a score, learns from it, and leaves what it made of it in `fact` and `change`. A rule of several sources rests as one. */
  judge(score: number, at: Moment, rule: Rule, mayRaise: boolean): Score {
    const { background, state } = this;
    const { startUs, endUs, errorUs } = at;
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
    const fact = this.#fact(score, learnt, rule, Number.isNaN(spreads) ? 0 : spreads, startUs, endUs);
    if (isUp) this.upUs = endUs;
    if (isUp || endUs - this.upUs > FORGET_US) {
      this.#shown = fact;
      this.#errorUs = errorUs;
    }
    return fact;
  }

  /** Written out twice: a spread of an object costs several times as much, and there are thousands a second. */
  #fact(score: number, learnt: number | undefined, rule: Rule, spreads: number, startUs: number, endUs: number): Score {
    const { source, modality } = this;
    const threshold = learnt ?? rule.threshold ?? OUT_OF_REACH;
    if (rule.falseAlarmsPerDay === undefined || learnt !== undefined)
      return { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads };
    const learning = Math.min(1, this.background.peaksSeen / PEAKS_NEEDED);
    return { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads, learning };
  }
}

/** What was up is shown with an alert for so long. */
const FORGET_US = 10e6;

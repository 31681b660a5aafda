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
  readonly state: AlertState = new AlertState();
  background: Background;
  /** Place in the journal of backgrounds; below 0: none yet. */
  journalIndex = -1;
  /** End of the newest window in which it was up. */
  upUs: number = Number.NEGATIVE_INFINITY;
  /** Score and window of that moment, or the newest where it never was. */
  newest: SenseScore | undefined;
  readonly #terms: { threshold: number; clearBelow: number; holdMs: number; cooldownMs: number };

  constructor(source: string, modality: Sense, rule: Rule, cells?: Float64Array) {
    this.source = source;
    this.modality = modality;
    this.background = new Background(rule.falseAlarmsPerDay, cells);
    this.#terms = { threshold: OUT_OF_REACH, clearBelow: OUT_OF_REACH, holdMs: 0, cooldownMs: 0 };
  }

  /** The rule has other numbers now, and the same query: what was learnt stays. */
  adopt(rule: Rule): void {
    this.background = new Background(rule.falseAlarmsPerDay, this.background.cells);
    this.journalIndex = -1;
  }

  /** Where the alert would be raised now; undefined while that is still being learnt. */
  threshold(rule: Rule): number | undefined {
    return this.background.threshold ?? rule.threshold;
  }

  /** Judges a score, learns from it, and says whether the alert changed. Several sources of one rule rest together: see `Gathering`. */
  judge(score: number, at: Moment, rule: Rule, mayRaise: boolean): { readonly change: AlertChange; readonly fact: Score } {
    const { background } = this;
    const learnt = background.threshold;
    const threshold = learnt ?? rule.threshold;
    const terms = this.#terms;
    terms.threshold = threshold ?? Number.POSITIVE_INFINITY;
    terms.clearBelow =
      threshold === undefined
        ? Number.POSITIVE_INFINITY
        : learnt === undefined
          ? clearBelow(threshold, rule)
          : background.clearBelow(threshold);
    terms.holdMs = rule.holdMs;
    terms.cooldownMs = rule.atLeast ? 0 : rule.cooldownMs;
    const spreads = background.spreadsAt(score);
    const change = this.state.step(score, at.endUs, terms, mayRaise);
    const { isUp } = this.state;
    background.push(score, at.endUs, isUp);
    const fact = factOf(this, rule, score, threshold ?? OUT_OF_REACH, Number.isNaN(spreads) ? 0 : spreads, at);
    if (isUp) this.upUs = at.endUs;
    if (isUp || this.newest === undefined || this.upUs === Number.NEGATIVE_INFINITY || at.endUs - this.upUs > FORGET_US) {
      const { source, modality } = this;
      this.newest = { source, modality, score, threshold: fact.threshold, spreads: fact.spreads ?? 0, ...at };
    }
    return { change, fact };
  }
}

/** What was up is shown with an alert for so long. */
const FORGET_US = 10e6;

function factOf({ source, modality, background }: Watch, rule: Rule, score: number, threshold: number, spreads: number, at: Moment): Score {
  const { startUs, endUs } = at;
  const fact = { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads };
  if (rule.falseAlarmsPerDay === undefined || background.threshold !== undefined) return fact;
  // Written out: a spread of the fact costs several times as much, and there are thousands a second.
  const learning = Math.min(1, background.peaksSeen / PEAKS_NEEDED);
  return { rule: rule.id, source, modality, score, threshold, startUs, endUs, spreads, learning };
}

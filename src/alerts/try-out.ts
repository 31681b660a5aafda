import type { Sense } from '../core/types.ts';
import type { Rule } from './rule.ts';
import { Watch } from './watch.ts';

/** What a query scored on one source, in the order of time. */
export interface PastScores {
  readonly source: string;
  readonly modality: Sense;
  readonly space: string;
  readonly startUs: ArrayLike<number>;
  readonly endUs: ArrayLike<number>;
  readonly scores: ArrayLike<number>;
}

/** What a rule would have done on what is kept of one source. */
export interface Trial {
  readonly source: string;
  /** Alerts on the windows that are kept, at the threshold that they lead to. */
  readonly alarms: number;
  readonly fromUs: number;
  readonly toUs: number;
  readonly windows: number;
  /** Undefined: there was too little to learn one from. */
  readonly threshold?: number;
  /** Peaks of the last day above that threshold, where a rule with this query has been running. */
  readonly lastDay?: number;
}

const DAY_US = 86_400e6;

/** Runs a rule over what its query scored, twice: to learn the threshold, and to count. Quorum, order and quiet hours are left out. */
export function tryOut(rule: Rule, { source, modality, space, startUs, endUs, scores }: PastScores, running: Watch | undefined): Trial {
  const alone: Rule = { ...rule, atLeast: undefined };
  const learner = new Watch(source, modality, space, alone);
  for (let i = 0; i < scores.length; i++) learner.background.push(scores[i] ?? 0, endUs[i] ?? 0, false);
  const known = rule.falseAlarmsPerDay === undefined ? undefined : running;
  const threshold = (known ?? learner).thresholdNow(alone);
  const counter = new Watch(source, modality, space, { ...alone, falseAlarmsPerDay: undefined });
  const fixed: Rule = { ...alone, falseAlarmsPerDay: undefined, threshold: threshold ?? 1, clearBelow: undefined };
  let alarms = 0;
  for (let i = 0; i < (threshold === undefined ? 0 : scores.length); i++) {
    counter.judge(scores[i] ?? 0, { startUs: startUs[i] ?? 0, endUs: endUs[i] ?? 0, errorUs: 0 }, fixed, true);
    if (counter.change === 'raised') alarms++;
  }
  const toUs = endUs[scores.length - 1] ?? 0;
  return {
    source,
    alarms,
    fromUs: startUs[0] ?? 0,
    toUs,
    windows: scores.length,
    ...(threshold !== undefined && { threshold }),
    ...(running && threshold !== undefined && { lastDay: running.background.reached(threshold, toUs - DAY_US) }),
  };
}

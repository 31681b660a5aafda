import type { Sense } from '../core/types.ts';
import type { RecentVectors } from '../space/recent-vectors.ts';
import type { Rule } from './rule.ts';
import { Watch } from './watch.ts';

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

/** Runs a rule over the recent vectors of a source, twice: to learn the threshold, and to count. Quorum, order and quiet hours are left out. */
export function tryOut(
  rule: Rule,
  source: string,
  modality: Sense,
  space: string,
  vectors: RecentVectors,
  scoreOf: (vector: Float32Array) => number,
  running: Watch | undefined,
): Trial {
  const alone: Rule = { ...rule, atLeast: undefined };
  const learner = new Watch(source, modality, space, alone);
  const scores: { readonly score: number; readonly startUs: number; readonly endUs: number }[] = [];
  for (const { startUs, endUs, vector } of vectors.all()) {
    const score = scoreOf(vector);
    scores.push({ score, startUs, endUs });
    learner.background.push(score, endUs, false);
  }
  const known = rule.falseAlarmsPerDay === undefined ? undefined : running;
  const threshold = (known ?? learner).threshold(alone);
  const counter = new Watch(source, modality, space, { ...alone, falseAlarmsPerDay: undefined });
  const fixed: Rule = { ...alone, falseAlarmsPerDay: undefined, threshold: threshold ?? 1, clearBelow: undefined };
  let alarms = 0;
  for (const { score, startUs, endUs } of threshold === undefined ? [] : scores) {
    counter.judge(score, { startUs, endUs, errorUs: 0 }, fixed, true);
    if (counter.change === 'raised') alarms++;
  }
  const toUs = scores.at(-1)?.endUs ?? 0;
  return {
    source,
    alarms,
    fromUs: scores[0]?.startUs ?? 0,
    toUs,
    windows: scores.length,
    ...(threshold !== undefined && { threshold }),
    ...(running && threshold !== undefined && { lastDay: running.background.reached(threshold, toUs - DAY_US) }),
  };
}

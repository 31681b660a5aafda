import { map, type Observable } from 'rxjs';
import type { FileAlertLog } from '../src/alerts/alert-log.ts';
import type { Judged } from '../src/alerts/active-rule.ts';
import type { RuleEngine } from '../src/alerts/rule-engine.ts';
import type { Alert, AlertUpdate, Score } from '../src/core/types.ts';

/** What the rules made of one embedding: a score for each rule that listens, the alerts that changed their state, and those that went higher. */
export interface Judgement {
  readonly scores: readonly Score[];
  readonly alerts: readonly Alert[];
  readonly updates: readonly AlertUpdate[];
}

/** Alerts: embeddings of all sources and fused ones in, scores and changes of alerts out. A change is in the log, with its cursor, before anyone hears of it. */
export const alerts = (embeddings$: Observable<Judged>, rules: RuleEngine, log: FileAlertLog): Observable<Judgement> =>
  embeddings$.pipe(
    map((embedding) => rules.judge(embedding)),
    map(({ scores, changes, updates }) => ({ scores, updates, alerts: changes.map((change) => log.append(change)) })),
  );

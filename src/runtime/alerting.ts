import type { Nameable } from '../alerts/unmet-names.ts';
import { join } from 'node:path';
import { filter, Subscription, type Observable } from 'rxjs';
import { alerts } from '../../pipelines/alerts.ts';
import type { AlertDraft, Judged } from '../alerts/active-rule.ts';
import { FileAlertLog } from '../alerts/alert-log.ts';
import { backgroundSnapshot, snapshotContent, type BackgroundSnapshot } from '../alerts/background-snapshot.ts';
import { BackgroundStore } from '../alerts/background-store.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import { EvidenceStore } from '../alerts/evidence-store.ts';
import { RuleEngine } from '../alerts/rule-engine.ts';
import type { Rule } from '../alerts/rule.ts';
import type { PastScores } from '../alerts/try-out.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Alert, AlertUpdate, Sample, Score } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';
import { RuntimeDesk } from './alert-desk.ts';
import { embedQuery } from './embed-query.ts';
import { Evidence } from './evidence.ts';
import { RuleBook } from './rule-book.ts';
import { audioRateHz } from './senses.ts';
import type { ServedModel } from './served-model.ts';

export interface AlertingOptions {
  readonly stateDir: string;
  /** Relative paths of examples start here. */
  readonly folder: string;
  /** All that can make vectors now, the newest first; at least one. */
  readonly models: () => readonly ServedModel[];
  /** What a rule may name. */
  readonly nameable: () => Omit<Nameable, 'rules'>;
  /** What a source gave at a moment that is no longer fresh, where it is remembered. */
  readonly moment?: (source: string, timeUs: number) => Promise<SpaceVector | undefined>;
  /** What the last day scores against a query, where it is remembered. */
  readonly remembered?: (query: SpaceVector) => Promise<readonly PastScores[]>;
  /** Whether a source, or the fusion, is still configured. */
  readonly isThere: (source: string) => boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** THE ALERT IS IN THE LOG. */
  readonly onAlert: (alert: Alert) => void;
  readonly onUpdate: (update: AlertUpdate) => void;
  readonly onScore: (score: Score) => void;
  /** Whether anyone hears scores now. */
  readonly isScoreHeard: () => boolean;
  /** Told which rules are in force, with their vectors. */
  readonly onRules: (rules: readonly (Partial<SpaceVector> & { readonly rule: Rule })[]) => void;
  /** Told what somebody says of an alert. */
  readonly onVerdict: (alert: Alert, isRight: boolean) => void;
  /** In a replay: the vector that the rule had when it was recorded. */
  readonly recorded?: (rule: Rule) => SpaceVector | undefined;
  /** How the error of a rule's query is told; the file and line of the config where it has them. */
  readonly explain: (error: unknown, rule: Rule) => unknown;
}

/** Rules, backgrounds, alerts and what is kept of them: from vectors to what people are told. */
export class Alerting {
  readonly alerts: FileAlertLog;
  readonly book: RuleBook;
  readonly desk: RuntimeDesk;
  readonly #options: AlertingOptions;
  readonly #engine: RuleEngine;
  readonly #backgrounds: BackgroundStore;
  readonly #evidence: Evidence;
  readonly #subscription = new Subscription();
  readonly #writing = new Set<Promise<void>>();

  /** @throws EdgeBindError where the state folder holds what cannot be read, or is of a newer version */
  constructor(options: AlertingOptions) {
    const { stateDir, models, clock, log } = options;
    this.#options = options;
    const onProblem = (what: string) => (problem: string | undefined) => {
      if (problem === undefined) log.info({}, `${what}: written again`);
      else
        log.error(
          { error: problem },
          `${what}: cannot be written; alerts go on, and what the disk does not take would be lost by a restart`,
        );
    };
    this.alerts = FileAlertLog.open(join(stateDir, 'alerts.jsonl'), undefined, onProblem('alert log'));
    this.#engine = new RuleEngine(models()[0]?.space.id ?? '');
    this.#engine.tellScores(options.isScoreHeard);
    this.#backgrounds = BackgroundStore.open(this.#engine, {
      dir: join(stateDir, 'backgrounds'),
      clock,
      onProblem: onProblem('backgrounds'),
    });
    this.#evidence = new Evidence(new EvidenceStore(join(stateDir, 'evidence')));
    this.desk = new RuntimeDesk({
      engine: this.#engine,
      alerts: this.alerts,
      evidence: this.#evidence,
      stateDir,
      clock,
      log,
      onVerdict: options.onVerdict,
    });
    this.book = new RuleBook({
      engine: this.#engine,
      log: this.alerts,
      stateDir,
      models: () => models().map((model) => ({ space: model.space.id, embed: (rule) => this.#embed(rule, model) })),
      nameable: options.nameable,
      remembered: options.remembered,
      onAlert: options.onAlert,
      onRules: () => options.onRules(this.#engine.queries),
      onChange: (change) => this.desk.note(change),
      onLeftOut: ({ id }, error) =>
        log.error(
          { rule: id, error: messageOf(error) },
          'a rule that was put live cannot be put into force and is left out; put it anew or delete it',
        ),
    });
    this.desk.serve(this.book);
  }

  /**
   * Embeddings, single and fused, to the rules; what they say to whoever listens.
   *
   * @param isMuted while it says so, vectors are seen and not judged
   */
  judge(all$: Observable<Judged>, isMuted: () => boolean = () => false): void {
    const judged$ = all$.pipe(
      filter((judged) => {
        if (!isMuted()) return true;
        this.#engine.see(judged);
        return false;
      }),
    );
    const { onAlert, onScore, onUpdate } = this.#options;
    this.#subscription.add(
      alerts(judged$, this.#engine, this.alerts).subscribe(({ scores, alerts: changes, updates }) => {
        for (const alert of changes) {
          if (alert.state === 'raised') this.#keepEvidence(alert);
          onAlert(alert);
        }
        for (const update of updates) onUpdate(update);
        for (const score of scores) onScore(score);
      }),
    );
  }

  /** Puts the first rules into force, and goes on with what was raised or resting before a restart. */
  async start(rules: readonly Rule[]): Promise<void> {
    await this.book.configure(rules);
    for (const cleared of this.alerts.rested()) this.#engine.rest(cleared);
    for (const alert of this.alerts.raised()) this.#tell(this.#engine.restore(alert));
    this.forget(this.alerts.raised().map(({ source }) => source));
  }

  /** Rules begin in this space from now on; they know their queries in it already. */
  enter(space: string): void {
    this.#engine.enter(space);
  }

  /** Clears what those of these sources raised that are no longer configured. */
  forget(sources: readonly string[]): void {
    const gone = [...new Set(sources)].filter((id) => !this.#options.isThere(id));
    this.#tell(gone.flatMap((id) => this.#engine.forget(id)));
  }

  /** What has been learnt up to now, in at most so many bytes. */
  learnt(maxBytes: number): BackgroundSnapshot {
    return backgroundSnapshot(this.#engine, maxBytes);
  }

  /** All that the rules know now; undefined while a score is on its way to an alert, or where there is no room. */
  checkpoint(maxBytes: number): Checkpoint | undefined {
    const standing = this.#engine.standing(this.#options.clock.nowUs());
    return standing && { ...this.learnt(maxBytes), standing };
  }

  /** Goes on from what the rules knew at another moment. */
  resume({ base, standing }: Checkpoint): void {
    const { backgrounds, familiars } = snapshotContent(base);
    this.#engine.resume(backgrounds, familiars, standing);
  }

  /** Learns from what somebody said of an alert, as `desk.feedback` does, and keeps no line of it. */
  judgeAlert(alert: Alert, isRight: boolean): void {
    this.#engine.judgeAlert(alert, isRight);
  }

  /** What a sensor gave: it may become evidence. */
  see(sample: Sample): void {
    this.#evidence.see(sample);
  }

  /** Ends the judging, and keeps what is known. */
  async close(): Promise<void> {
    this.#subscription.unsubscribe();
    await Promise.allSettled([...this.#writing]);
    await this.#backgrounds.close();
    this.alerts.close();
  }

  #tell(changes: readonly AlertDraft[]): void {
    for (const change of changes) this.#options.onAlert(this.alerts.append(change));
  }

  #keepEvidence(alert: Alert): void {
    const senses = this.#engine.senses(alert.rule);
    const kept = this.#evidence
      .keep(alert, senses, this.#engine.newestOf(alert.source))
      .catch((error: unknown) => this.#options.log.warn({ alert: alert.id, error: messageOf(error) }, 'evidence of an alert is not kept'))
      .finally(() => this.#writing.delete(kept));
    this.#writing.add(kept);
  }

  async #embed(rule: Rule, { space, encoders, bundle }: ServedModel): Promise<SpaceVector | undefined> {
    const { folder, explain, recorded, moment } = this.#options;
    const before = recorded?.(rule);
    if (before?.space === space.id) return before;
    try {
      return await embedQuery(rule.query, {
        encoders,
        folder,
        audioRateHz: audioRateHz(bundle),
        event: (id) => this.#evidence.vector(id),
        past: async (source, timeUs) => this.#engine.past(source, timeUs) ?? moment?.(source, timeUs),
      });
    } catch (error) {
      throw explain(error, rule);
    }
  }
}

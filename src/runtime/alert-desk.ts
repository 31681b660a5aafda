import { join } from 'node:path';
import { z } from 'zod';
import type { FileAlertLog } from '../alerts/alert-log.ts';
import { LineLog } from '../alerts/line-log.ts';
import type { RuleEngine } from '../alerts/rule-engine.ts';
import { toldBackground } from '../alerts/told-background.ts';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { issueWords } from '../core/issue-words.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Alert } from '../core/types.ts';
import type { AlertDesk } from '../outputs/alert-desk.ts';
import type { Evidence } from './evidence.ts';
import type { RuleBook, RuleChange } from './rule-book.ts';

const feedbackSchema = z.object({
  timeUs: z.number(),
  by: z.string(),
  id: z.string(),
  rule: z.string(),
  source: z.string(),
  right: z.boolean().exactOptional(),
  acknowledged: z.boolean().exactOptional(),
});
type Feedback = z.output<typeof feedbackSchema>;

const bodySchema = z
  .strictObject({
    right: z.boolean().exactOptional().describe('whether there was what the alert said'),
    acknowledged: z.boolean().exactOptional().describe('somebody has seen it'),
  })
  .refine(
    ({ right, acknowledged }) => right !== undefined || acknowledged !== undefined,
    'say {"right": true}, {"right": false} or {"acknowledged": true}',
  );

const auditSchema = z.looseObject({ timeUs: z.number(), what: z.string(), rule: z.string(), by: z.string() });

export interface DeskOptions {
  readonly engine: RuleEngine;
  readonly alerts: FileAlertLog;
  readonly evidence: Evidence;
  readonly stateDir: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Told what somebody says of an alert. */
  readonly onVerdict: (alert: Alert, isRight: boolean) => void;
}

/** Feedback on alerts, the audit of rules, and what is known of backgrounds. */
export class RuntimeDesk implements AlertDesk {
  readonly #options: DeskOptions;
  readonly #feedback: LineLog<Feedback>;
  readonly #audit: LineLog<z.output<typeof auditSchema>>;
  #book: RuleBook | undefined;

  constructor(options: DeskOptions) {
    this.#options = options;
    this.#feedback = new LineLog(join(options.stateDir, 'feedback.jsonl'), feedbackSchema);
    this.#audit = new LineLog(join(options.stateDir, 'audit.jsonl'), auditSchema);
  }

  /** The rules that it changes. */
  serve(book: RuleBook): void {
    this.#book = book;
  }

  /** Notes a change of a rule. A disk that takes no line must not undo the change. */
  note(change: RuleChange): void {
    const line = { timeUs: this.#options.clock.nowUs(), ...change };
    this.#options.log.info({ ...change }, `rule ${change.rule}: ${change.what} by ${change.by}`);
    this.#write(() => this.#audit.append(line));
  }

  calibrations(): readonly unknown[] {
    const counts = this.#precision();
    return this.#options.engine.calibrations().map((calibration) => ({ ...calibration, ...counts.get(calibration.rule) }));
  }

  background(rule: string, source: string): unknown {
    const { engine } = this.#options;
    const background = engine.background(rule, source);
    const asked = engine.rules.find(({ id }) => id === rule)?.falseAlarmsPerDay;
    return background && toldBackground(rule, source, asked, background);
  }

  async putRule(id: string, body: unknown, by: string): Promise<unknown> {
    return this.#rules.put(id, body, by);
  }

  async deleteRule(id: string, by: string): Promise<unknown> {
    await this.#rules.delete(id, by);
    return undefined;
  }

  async tryRule(id: string, body: unknown): Promise<unknown> {
    return this.#rules.tryOut(id, body);
  }

  /** @throws UsageError for a body that says nothing, EdgeBindError `UNKNOWN_ALERT` */
  feedback(id: string, body: unknown, by: string): unknown {
    const parsed = bodySchema.safeParse(body);
    if (!parsed.success) throw new UsageError('INVALID_FEEDBACK', issueWords(parsed.error));
    const raise = this.#options.alerts.raiseOf(id);
    if (!raise) throw new EdgeBindError('UNKNOWN_ALERT', `there is no kept alert "${id.slice(0, 80)}"`);
    const { rule, source } = raise;
    const line = { timeUs: this.#options.clock.nowUs(), by, id, rule, source, ...parsed.data };
    if (parsed.data.right !== undefined) {
      this.#options.engine.judgeAlert(raise, parsed.data.right);
      this.#options.onVerdict(raise, parsed.data.right);
    }
    this.#write(() => this.#feedback.append(line));
    return line;
  }

  feedbacks(limit: number): readonly Feedback[] {
    return this.#feedback.lines.slice(-limit);
  }

  evidence(id: string): Promise<object | undefined> {
    return this.#options.evidence.facts(id);
  }

  evidenceFile(id: string, kind: 'picture' | 'sound'): Promise<Uint8Array | undefined> {
    return this.#options.evidence.file(id, kind);
  }

  audit(limit: number): readonly unknown[] {
    return this.#audit.lines.slice(-limit);
  }

  get #rules(): RuleBook {
    if (!this.#book) throw new Error('the desk has no rules yet');
    return this.#book;
  }

  /** Of the newest verdict on each alert: how many of a rule's were right, and how many wrong. */
  #precision(): Map<string, { right: number; wrong: number }> {
    const verdicts = new Map<string, Feedback>();
    for (const line of this.#feedback.lines) if (line.right !== undefined) verdicts.set(line.id, line);
    const counts = new Map<string, { right: number; wrong: number }>();
    for (const { rule, right } of verdicts.values()) {
      const count = counts.get(rule) ?? { right: 0, wrong: 0 };
      if (right) count.right++;
      else count.wrong++;
      counts.set(rule, count);
    }
    return counts;
  }

  #write(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#options.log.error({ error: messageOf(error) }, 'the state folder takes nothing: feedback or audit is not kept');
    }
  }
}

import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { appendWhole } from './append-whole.ts';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { senseSchema } from '../core/modality-schema.ts';
import { type Alert } from '../core/types.ts';
import type { AlertDraft } from './active-rule.ts';
import { refuseNewer } from './refuse-newer.ts';

const alertSchema: z.ZodType<Alert> = z.object({
  cursor: z.number().int().positive(),
  id: z.string(),
  rule: z.string(),
  state: z.enum(['raised', 'cleared']),
  source: z.string(),
  modality: senseSchema,
  score: z.number(),
  threshold: z.number(),
  startUs: z.number(),
  endUs: z.number(),
  query: z.string(),
  errorUs: z.number().exactOptional(),
  peak: z.number().exactOptional(),
  peakUs: z.number().exactOptional(),
  perDay: z.number().exactOptional(),
  senses: z
    .array(
      z.object({
        source: z.string(),
        modality: senseSchema,
        score: z.number(),
        threshold: z.number(),
        spreads: z.number(),
        startUs: z.number(),
        endUs: z.number(),
        errorUs: z.number(),
      }),
    )
    .exactOptional(),
});

/** Of lines that say none. A later version says which where this one would misread them. */
const FORMAT = 1;
const formatSchema = z.object({ format: z.number() });

/**
 * The alerts of the past, appended to a file of JSON lines before anyone is told, so that a cursor means the same after a restart.
 * Keeps the newest `keep`; the file is rewritten when it holds twice as many. While the disk is full or read-only, alerts go on and wait
 * in memory to be written.
 */
export class FileAlertLog {
  readonly #path: string;
  readonly #keep: number;
  #fd: number;
  #alerts: Alert[];
  #linesInFile: number;
  /** Lines that the disk did not take; the newest `keep`. */
  #waiting: string[] = [];
  #problem: string | undefined;
  readonly #onProblem: (problem: string | undefined) => void;

  private constructor(path: string, keep: number, alerts: Alert[], linesInFile: number, onProblem: (problem: string | undefined) => void) {
    this.#onProblem = onProblem;
    this.#path = path;
    this.#keep = keep;
    this.#alerts = alerts;
    this.#linesInFile = linesInFile;
    this.#fd = openSync(path, 'a');
  }

  /**
   * Opens or creates the log. A torn last line (power cut) is left out; lines that are not alerts are skipped.
   *
   * @param onProblem told when lines can no longer be written, and when they can again (undefined)
   * @throws EdgeBindError `STATE_NOT_WRITABLE`, `STATE_NEWER`
   */
  static open(path: string, keep = 10_000, onProblem: (problem: string | undefined) => void = () => undefined): FileAlertLog {
    try {
      mkdirSync(dirname(path), { recursive: true });
      const lines = readLines(path);
      const alerts = inOrder(lines.flatMap((line) => parseLine(line, path))).slice(-keep);
      const log = new FileAlertLog(path, keep, alerts, lines.length, onProblem);
      // A torn line would swallow the next one appended to it.
      if (lines.length !== alerts.length) log.#rewrite();
      return log;
    } catch (error) {
      if (error instanceof EdgeBindError) throw error;
      throw new EdgeBindError(
        'STATE_NOT_WRITABLE',
        `${path}: cannot keep the alert log here (${messageOf(error)}); set state.dir to a folder that can be written`,
        { cause: error },
      );
    }
  }

  /** Cursor of the newest alert; 0 where there is none. */
  get newest(): number {
    return this.#alerts.at(-1)?.cursor ?? 0;
  }

  /** Alerts with a cursor above `cursor`, oldest first. */
  after(cursor: number, limit = Number.POSITIVE_INFINITY): readonly Alert[] {
    const first = this.#alerts[0];
    if (!first) return [];
    const from = Math.max(0, cursor - first.cursor + 1);
    return this.#alerts.slice(from, from + limit);
  }

  /** Alerts that are raised and not yet cleared. */
  raised(): Alert[] {
    const open = new Map<string, Alert>();
    for (const alert of this.#alerts) {
      if (alert.state === 'raised') open.set(alert.id, alert);
      else open.delete(alert.id);
    }
    return [...open.values()];
  }

  append(draft: AlertDraft): Alert {
    // The cursor last: a draft may be an alert of the past that goes on, with the cursor it had.
    const alert = { ...draft, cursor: this.newest + 1 };
    this.#alerts.push(alert);
    this.#waiting.push(`${JSON.stringify(alert)}\n`);
    this.#write();
    return alert;
  }

  /** The raise of that id. */
  raiseOf(id: string): Alert | undefined {
    return this.#alerts.findLast((alert) => alert.id === id && alert.state === 'raised');
  }

  /** The newest clear of each rule and source. */
  rested(): Alert[] {
    const newest = new Map<string, Alert>();
    for (const alert of this.#alerts) if (alert.state === 'cleared') newest.set(`${alert.rule}\u0000${alert.source}`, alert);
    return [...newest.values()];
  }

  close(): void {
    this.#write();
    fsyncSync(this.#fd);
    closeSync(this.#fd);
  }

  #write(): void {
    try {
      if (this.#waiting.length > 0) {
        // After a failure part of a line may be in the file after all: it must not swallow the next.
        appendWhole(this.#fd, `${this.#problem === undefined ? '' : '\n'}${this.#waiting.join('')}`);
        this.#linesInFile += this.#waiting.length;
        this.#waiting = [];
      }
      if (this.#alerts.length >= 2 * this.#keep) this.#alerts = this.#alerts.slice(-this.#keep);
      if (this.#linesInFile >= 2 * this.#keep) this.#rewrite();
      this.#tell(undefined);
    } catch (error) {
      this.#waiting = this.#waiting.slice(-this.#keep);
      this.#tell(messageOf(error));
    }
  }

  #tell(problem: string | undefined): void {
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#onProblem(problem);
  }

  #rewrite(): void {
    this.#alerts = this.#alerts.slice(-this.#keep);
    const next = `${this.#path}.next`;
    writeFileSync(next, this.#alerts.map((alert) => `${JSON.stringify(alert)}\n`).join(''));
    renameSync(next, this.#path);
    closeSync(this.#fd);
    this.#fd = openSync(this.#path, 'a');
    this.#linesInFile = this.#alerts.length;
  }
}

function readLines(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    return text.split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function parseLine(line: string, path: string): Alert[] {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return [];
  }
  const format = formatSchema.safeParse(json).data?.format ?? FORMAT;
  refuseNewer(path, format, FORMAT);
  const parsed = alertSchema.safeParse(json);
  return parsed.success ? [parsed.data] : [];
}

/** A cursor that does not grow is a line that was written twice. */
function inOrder(alerts: readonly Alert[]): Alert[] {
  let newest = 0;
  return alerts.filter(({ cursor }) => {
    const isNext = cursor > newest;
    if (isNext) newest = cursor;
    return isNext;
  });
}

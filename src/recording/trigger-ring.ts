import type { TriggerTerms } from './worker-messages.ts';

/** What the ring has to know of a record. */
export interface RingRecord {
  readonly logUs: number;
  readonly bytes: number;
  /**
   * `keep`: written whatever happens; `trigger`: the same, and what is around it too; `raw`: only around a trigger; `checkpoint`: only
   * where something around a trigger begins, and that from `LEAD_US` before it on.
   */
  readonly role: 'keep' | 'trigger' | 'raw' | 'checkpoint';
}

export interface RingOutput<R> {
  write(record: R): void;
  drop(record: R, reason: 'outsideTrigger' | 'ringFull'): void;
}

/** So much lies before a checkpoint: windows and fusion fill themselves with it. */
export const LEAD_US = 2_500_000;
/** Where there is no checkpoint for so long, pieces begin without one. */
const LONGEST_US = 60_000_000;

/**
 * Holds the newest records until it is known whether an alert follows: at least `beforeMs` of them before each trigger and `afterMs`
 * after it are written, the rest is dropped. A piece begins `LEAD_US` before the newest checkpoint that is so old; without one, `beforeMs`
 * before its trigger. What is kept in any case leaves in its place in the order. Bounded in bytes: beyond, the oldest goes as `ringFull`.
 */
export class TriggerRing<R extends RingRecord> {
  readonly #terms: TriggerTerms;
  readonly #output: RingOutput<R>;
  #records: R[] = [];
  #head = 0;
  #bytes = 0;
  #writeUntilUs = Number.NEGATIVE_INFINITY;
  /** Those in the ring, the oldest first. */
  #checkpoints: R[] = [];
  #checkpointUs = Number.NEGATIVE_INFINITY;
  /** Something between the last record that was written and those here is gone. */
  #isApart = false;

  constructor(terms: TriggerTerms, output: RingOutput<R>) {
    this.#terms = terms;
    this.#output = output;
  }

  push(record: R): void {
    const { role, logUs, bytes } = record;
    if (role === 'trigger') {
      this.#writeUntilUs = Math.max(this.#writeUntilUs, logUs + this.#terms.afterMs * 1000);
      this.#writeAll(logUs);
    }
    if (logUs <= this.#writeUntilUs) {
      this.#writeAll(logUs);
      if (role === 'checkpoint') this.#output.drop(record, 'outsideTrigger');
      else this.#output.write(record);
      return;
    }
    this.#records.push(record);
    this.#bytes += bytes;
    if (role === 'checkpoint') {
      this.#checkpoints.push(record);
      this.#checkpointUs = logUs;
    }
    this.#leaveBefore(this.#beginUs(logUs));
    for (let first = this.#records[this.#head]; first && this.#bytes > this.#terms.maxBytes; first = this.#records[this.#head])
      this.#leave(first, 'ringFull');
  }

  /** The end: no alert follows any more. */
  end(): void {
    this.#leaveBefore(Number.POSITIVE_INFINITY);
  }

  /** Where a piece would begin whose trigger comes now. */
  #beginUs(nowUs: number): number {
    const beforeUs = nowUs - this.#terms.beforeMs * 1000;
    const checkpoint = this.#checkpoint(beforeUs);
    if (checkpoint) return checkpoint.logUs - LEAD_US;
    return nowUs - this.#checkpointUs < LONGEST_US ? Number.NEGATIVE_INFINITY : beforeUs;
  }

  /** The newest that is so old. */
  #checkpoint(atMostUs: number): R | undefined {
    return this.#checkpoints.findLast(({ logUs }) => logUs <= atMostUs);
  }

  #writeAll(nowUs: number): void {
    const checkpoint = this.#isApart ? (this.#checkpoint(nowUs - this.#terms.beforeMs * 1000) ?? this.#checkpoints[0]) : undefined;
    for (let i = this.#head; i < this.#records.length; i++) {
      const record = this.#records[i];
      if (!record) continue;
      if (record.role === 'checkpoint' && record !== checkpoint) this.#output.drop(record, 'outsideTrigger');
      else this.#output.write(record);
    }
    this.#records = [];
    this.#checkpoints = [];
    this.#head = 0;
    this.#bytes = 0;
    this.#isApart = false;
  }

  #leaveBefore(timeUs: number): void {
    for (let first = this.#records[this.#head]; first && first.logUs < timeUs; first = this.#records[this.#head])
      this.#leave(first, 'outsideTrigger');
  }

  #leave(record: R, reason: 'outsideTrigger' | 'ringFull'): void {
    this.#head++;
    this.#bytes -= record.bytes;
    if (this.#checkpoints[0] === record) this.#checkpoints.shift();
    if (record.role === 'keep') this.#output.write(record);
    else {
      if (record.role === 'raw') this.#isApart = true;
      this.#output.drop(record, reason);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }
}

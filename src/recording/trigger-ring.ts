import type { TriggerTerms } from './worker-messages.ts';

/** What the ring has to know of a record. */
export interface RingRecord {
  readonly logUs: number;
  readonly bytes: number;
  /** `keep`: written whatever happens; `trigger`: the same, and what is around it too; `raw`: only around a trigger. */
  readonly role: 'keep' | 'trigger' | 'raw';
}

export interface RingOutput<R> {
  write(record: R): void;
  drop(record: R, reason: 'outsideTrigger' | 'ringFull'): void;
}

/**
 * Holds the newest records until it is known whether an alert follows: `beforeMs` of them before each trigger and `afterMs` after it
 * are written, the rest is dropped. What is kept in any case leaves in its place in the order. Bounded in bytes: beyond, the oldest
 * goes as `ringFull`.
 */
export class TriggerRing<R extends RingRecord> {
  readonly #terms: TriggerTerms;
  readonly #output: RingOutput<R>;
  #records: R[] = [];
  #head = 0;
  #bytes = 0;
  #writeUntilUs = Number.NEGATIVE_INFINITY;

  constructor(terms: TriggerTerms, output: RingOutput<R>) {
    this.#terms = terms;
    this.#output = output;
  }

  push(record: R): void {
    if (record.role === 'trigger') {
      this.#writeUntilUs = Math.max(this.#writeUntilUs, record.logUs + this.#terms.afterMs * 1000);
      this.#writeAll();
    }
    if (record.logUs <= this.#writeUntilUs) {
      this.#writeAll();
      this.#output.write(record);
      return;
    }
    this.#records.push(record);
    this.#bytes += record.bytes;
    const oldestUs = record.logUs - this.#terms.beforeMs * 1000;
    for (let first = this.#records[this.#head]; first && first.logUs < oldestUs; first = this.#records[this.#head])
      this.#leave(first, 'outsideTrigger');
    for (let first = this.#records[this.#head]; first && this.#bytes > this.#terms.maxBytes; first = this.#records[this.#head])
      this.#leave(first, 'ringFull');
  }

  /** The end: no alert follows any more. */
  end(): void {
    for (let first = this.#records[this.#head]; first; first = this.#records[this.#head]) this.#leave(first, 'outsideTrigger');
  }

  #writeAll(): void {
    for (let i = this.#head; i < this.#records.length; i++) {
      const record = this.#records[i];
      if (record) this.#output.write(record);
    }
    this.#records = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #leave(record: R, reason: 'outsideTrigger' | 'ringFull'): void {
    this.#head++;
    this.#bytes -= record.bytes;
    if (record.role === 'keep') this.#output.write(record);
    else this.#output.drop(record, reason);
    if (this.#head > 1024 && this.#head * 2 > this.#records.length) {
      this.#records = this.#records.slice(this.#head);
      this.#head = 0;
    }
  }
}

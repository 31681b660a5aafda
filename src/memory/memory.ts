import { Worker } from 'node:worker_threads';
import { EdgeBindError } from '../core/errors.ts';
import type { Ledger, Stage } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding } from '../core/types.ts';
import type { SpaceVector } from '../space/vector.ts';
import type { MemoryAnswer, MemoryLimits, MemoryQuery, MemoryTotals, Remembered } from './memory-store.ts';
import type { ScoredPast } from './score-past.ts';
import type { FromMemoryWorker, MemoryWorkerData, ToMemoryWorker } from './worker-messages.ts';

export interface MemoryOptions {
  readonly dir: string;
  readonly limits: MemoryLimits;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** How the memory goes, for people. */
export interface MemoryState extends MemoryTotals {
  /** Why it cannot be written; empty where all is well. */
  readonly reason: string;
}

interface Waiting<T> {
  readonly resolve: (answer: T) => void;
  readonly reject: (error: Error) => void;
}

/** Windows that wait for the disk at most; beyond, new ones are dropped as `memoryBusy`. */
const MAX_WAITING = 4096;
/** How long windows are gathered before they are written, in ms: what a killed program loses. */
const GATHER_MS = 500;
/** Searches that may wait at once. */
const MAX_SEARCHES = 16;

/**
 * What the sensors embedded in the last days, on disk, and searches through it: a thread of its own. Never slows the pipelines: what
 * it cannot take is dropped, and counted in the stage `memory`.
 */
export class Memory {
  readonly #options: MemoryOptions;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #stages = new Map<string, Stage>();
  /** Gathered, and batches that were sent and are not yet answered, oldest first: windows by source. */
  #gathered: Remembered[] = [];
  readonly #sent: Map<string, number>[] = [];
  readonly #waiting = new Map<string, number>();
  readonly #searches = new Map<number, Waiting<MemoryAnswer>>();
  readonly #scorings = new Map<number, Waiting<readonly ScoredPast[]>>();
  readonly #moments = new Map<number, Waiting<SpaceVector | undefined>>();
  #total = 0;
  #nextSearch = 0;
  #cancelGather: (() => void) | undefined;
  #state: MemoryState = { windows: 0, bytes: 0, indexed: 0, repaired: 0, reason: '' };
  #isStopping = false;

  constructor(options: MemoryOptions) {
    this.#options = options;
    const workerData: MemoryWorkerData = { dir: options.dir, limits: options.limits };
    this.#worker = new Worker(workerUrl(), { workerData });
    this.#worker.on('message', (message: FromMemoryWorker) => this.#hear(message));
    this.#worker.on('error', (error: unknown) => this.#lost(error instanceof Error ? error.message : String(error)));
    this.#ended = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
  }

  get state(): MemoryState {
    return this.#state;
  }

  /** Remembers a window of a source. Returns at once. */
  add({ source, modality, space, startUs, endUs, vector, confidence }: Embedding): void {
    const stage = this.#stage(source);
    stage.receive();
    if (this.#isStopping || this.#total >= MAX_WAITING) {
      stage.drop(this.#isStopping ? 'stopped' : 'memoryBusy');
      return;
    }
    this.#wait(source, 1);
    this.#gathered.push({ source, modality, space, startUs, endUs, vector, ...(confidence !== undefined && { confidence }) });
    this.#cancelGather ??= this.#options.clock.after(GATHER_MS, () => this.#send());
  }

  /**
   * The past moments most like a vector, best first.
   *
   * @throws EdgeBindError `BUSY`, `SEARCH_FAILED`
   */
  search(query: MemoryQuery): Promise<MemoryAnswer> {
    return this.#ask(this.#searches, (id) => ({ kind: 'search', id, query }));
  }

  /**
   * What every window since then scores against a vector, by source.
   *
   * @throws EdgeBindError `BUSY`, `SEARCH_FAILED`
   */
  scores({ space, vector }: SpaceVector, sinceUs: number): Promise<readonly ScoredPast[]> {
    return this.#ask(this.#scorings, (id) => ({ kind: 'score', id, space, vector, sinceUs }));
  }

  /**
   * What a source gave at a moment: the unit vector of its nearest window within 2 s; undefined where nothing is kept of then.
   *
   * @throws EdgeBindError `BUSY`, `SEARCH_FAILED`
   */
  moment(source: string, timeUs: number): Promise<SpaceVector | undefined> {
    return this.#ask(this.#moments, (id) => ({ kind: 'moment', id, source, timeUs }));
  }

  #ask<T>(waiting: Map<number, Waiting<T>>, question: (id: number) => ToMemoryWorker): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isStopping) throw new EdgeBindError('SEARCH_FAILED', 'the memory is closed');
      if (this.#searches.size + this.#scorings.size + this.#moments.size >= MAX_SEARCHES)
        throw new EdgeBindError('BUSY', `${MAX_SEARCHES} searches wait already: ask again when one of them is answered`);
      // What was just seen is part of the past.
      this.#send();
      const id = this.#nextSearch++;
      waiting.set(id, { resolve, reject });
      this.#post(question(id));
    });
  }

  /** Writes what waits, then ends the thread. */
  async stop(): Promise<void> {
    if (!this.#isStopping) {
      this.#send();
      this.#isStopping = true;
      this.#post({ kind: 'stop' });
    }
    await this.#ended;
    this.#lost('the memory is closed');
  }

  #send(): void {
    this.#cancelGather?.();
    this.#cancelGather = undefined;
    const windows = this.#gathered;
    if (windows.length === 0) return;
    this.#gathered = [];
    windows.sort((a, b) => (a.source < b.source ? -1 : a.source > b.source ? 1 : 0));
    const counts = new Map<string, number>();
    for (const { source } of windows) counts.set(source, (counts.get(source) ?? 0) + 1);
    this.#sent.push(counts);
    // Copied, not given away: dashboards and rules read the same vectors.
    this.#post({ kind: 'append', windows });
  }

  #hear(message: FromMemoryWorker): void {
    switch (message.kind) {
      case 'opened':
        for (const reason of message.unreadable) this.#options.log.warn({ reason }, 'a part of the memory is left out');
        this.#state = { ...message.totals, reason: this.#state.reason };
        return;
      case 'appended': {
        const { reason, totals } = message;
        if (reason && reason !== this.#state.reason)
          this.#options.log.error({ reason }, 'the memory cannot be written; windows are not remembered');
        this.#state = { ...totals, reason };
        this.#settle(this.#sent.shift(), reason ? 'unwritable' : undefined);
        return;
      }
      case 'sealed':
        if (message.reason)
          this.#options.log.error({ reason: message.reason }, 'a part of the memory cannot be indexed; it is searched row by row');
        this.#state = { ...message.totals, reason: this.#state.reason };
        return;
      case 'found':
        this.#searches.get(message.id)?.resolve(message.answer);
        this.#searches.delete(message.id);
        return;
      case 'scored':
        this.#scorings.get(message.id)?.resolve(message.past);
        this.#scorings.delete(message.id);
        return;
      case 'moment':
        this.#moments.get(message.id)?.resolve(message.found);
        this.#moments.delete(message.id);
        return;
      case 'failed':
        for (const waiting of [this.#searches, this.#scorings, this.#moments]) {
          waiting.get(message.id)?.reject(new EdgeBindError(message.code, message.message));
          waiting.delete(message.id);
        }
    }
  }

  /** The thread is gone: what it owes will not come. */
  #lost(reason: string): void {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#options.log.error({ reason }, 'the memory ended; windows are not remembered until the next start');
      this.#state = { ...this.#state, reason };
    }
    for (const counts of this.#sent.splice(0)) this.#settle(counts, 'unwritable');
    for (const { source } of this.#gathered.splice(0)) this.#settle(new Map([[source, 1]]), 'stopped');
    for (const waiting of [this.#searches, this.#scorings, this.#moments]) {
      for (const { reject } of waiting.values()) reject(new EdgeBindError('SEARCH_FAILED', reason));
      waiting.clear();
    }
  }

  #settle(counts: ReadonlyMap<string, number> | undefined, reason: string | undefined): void {
    for (const [source, count] of counts ?? []) {
      this.#wait(source, -count);
      if (reason === undefined) this.#stage(source).emit(count);
      else this.#stage(source).drop(reason, count);
    }
  }

  #wait(source: string, by: number): void {
    this.#total += by;
    this.#waiting.set(source, (this.#waiting.get(source) ?? 0) + by);
  }

  #stage(source: string): Stage {
    let stage = this.#stages.get(source);
    if (!stage) {
      stage = this.#options.ledger.stage(source, 'memory', () => this.#waiting.get(source) ?? 0);
      this.#stages.set(source, stage);
    }
    return stage;
  }

  #post(message: ToMemoryWorker): void {
    this.#worker.postMessage(message);
  }
}

/** A thread cannot load TypeScript on Node 20: sources that run as they are (in tests) use the last build. */
const workerUrl = (): URL =>
  new URL(`${import.meta.url.endsWith('.ts') ? '../../dist/src/memory/' : './'}memory-worker.js`, import.meta.url);

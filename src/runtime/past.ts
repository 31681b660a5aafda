import { join } from 'node:path';
import type { Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding } from '../core/types.ts';
import { Memory, type MemoryState } from '../memory/memory.ts';
import type { ScoredPast } from '../memory/score-past.ts';
import type { PastQuery } from '../core/past-query.ts';
import type { SpaceVector } from '../space/vector.ts';
import type { Config } from './config.ts';
import { recall } from './recall.ts';

export interface PastOptions {
  /** false: nothing is remembered. */
  readonly limits: Config['state']['memory'];
  readonly stateDir: string;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
  /** Ids of the sources that there are now. */
  readonly sources: () => readonly string[];
  /** The encoders that queries go through now, and the rate at which they hear. */
  readonly present: () => { readonly encoders: Encoders; readonly audioRateHz: number };
}

const GIB = 2 ** 30;
const DAY_US = 86_400 * 1e6;

/** Folder of the memory below the state folder. */
export const memoryDir = (stateDir: string): string => join(stateDir, 'memory');

/** What the running program remembers, if the config lets it. */
export class Past {
  readonly #memory: Memory | undefined;
  readonly #present: PastOptions['present'];
  readonly #sources: PastOptions['sources'];
  readonly #clock: Clock;

  constructor({ limits, stateDir, present, sources, ...rest }: PastOptions) {
    this.#present = present;
    this.#sources = sources;
    this.#clock = rest.clock;
    this.#memory = limits
      ? new Memory({ ...rest, dir: memoryDir(stateDir), limits: { maxBytes: limits.maxGiB * GIB, maxAgeUs: limits.maxDays * DAY_US } })
      : undefined;
  }

  /** Absent: nothing is remembered. */
  get state(): MemoryState | undefined {
    return this.#memory?.state;
  }

  add(embedding: Embedding): void {
    this.#memory?.add(embedding);
  }

  /** @throws UsageError `NO_MEMORY` and those of `recall` */
  async search(query: PastQuery): ReturnType<typeof recall> {
    const memory = this.#memory;
    if (!memory) throw new UsageError('NO_MEMORY', 'past windows are not kept: the config has "state: {memory: false}"');
    return recall(query, {
      ...this.#present(),
      search: (one) => memory.search(one),
      moment: (source, timeUs) => memory.moment(source, timeUs),
      present: this.#sources(),
      nowUs: this.#clock.nowUs(),
    });
  }

  /** What the windows of the last day score against a query, by source; empty where nothing is remembered. */
  async scores(query: SpaceVector, nowUs: number): Promise<readonly ScoredPast[]> {
    return (await this.#memory?.scores(query, nowUs - DAY_US)) ?? [];
  }

  /** What a source gave at a moment; undefined where nothing is kept of then. */
  async moment(source: string, timeUs: number): Promise<SpaceVector | undefined> {
    return this.#memory?.moment(source, timeUs);
  }

  async stop(): Promise<void> {
    await this.#memory?.stop();
  }
}

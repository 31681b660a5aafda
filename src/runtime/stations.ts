import type { Engine, Pipeline } from '../../pipelines/engine.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding } from '../core/types.ts';
import type { InputContext } from '../inputs/context.ts';
import { openSource } from '../inputs/open-source.ts';
import type { Config } from './config.ts';
import { Station, type StationOptions } from './station.ts';
import { withOwnPaths } from './senses.ts';
import type { Transport } from './transport.ts';
import type { World } from './world.ts';

export interface StationsOptions extends Pick<StationOptions, 'onReading' | 'onStatus'> {
  readonly config: () => Config;
  readonly world: World | undefined;
  /** Relative paths of files start here. */
  readonly folder: string;
  readonly transport: Transport;
  readonly ledger: Ledger;
  /** Rate at which the model in force hears. */
  readonly audioRateHz: () => number;
  /** What pipelines are built with, as it is then. */
  readonly engine: () => Engine;
  readonly clock: Clock;
  readonly log: Log;
  readonly onEmbedding: (embedding: Embedding) => void;
}

/** The sources that run, each with its input and its pipeline. */
export class Stations {
  readonly #options: StationsOptions;
  readonly #stations = new Map<string, Station>();
  /** How many embeddings each source has given. */
  readonly #counts = new Map<string, number>();

  constructor(options: StationsOptions) {
    this.#options = options;
  }

  get all(): readonly Station[] {
    return [...this.#stations.values()];
  }

  has(id: string): boolean {
    return this.#stations.has(id);
  }

  /** Sources as their inputs open them: with files that are found from anywhere, and the simulator's addresses. */
  resolve(sources: readonly SourceConfig[]): Promise<SourceConfig[]> {
    const { folder, world, transport } = this.#options;
    const found = sources.map((source) => withOwnPaths(source, folder));
    return world ? Promise.resolve(found) : transport.resolve(found);
  }

  /**
   * @param sources as `resolve` gives them
   * @param pipelines users' own, by source
   */
  open(sources: readonly SourceConfig[], pipelines: ReadonlyMap<string, Pipeline>): void {
    const { world, clock, ledger, log, transport, audioRateHz, onReading, onEmbedding, onStatus } = this.#options;
    const { bus } = transport;
    const context: InputContext = { clock, ledger, log, audioRateHz: audioRateHz(), ...(bus && { bus }) };
    const engine = this.#options.engine();
    for (const resolved of sources) {
      // People see what they wrote, not the simulator's address.
      const config = this.#options.config().sources.find(({ id }) => id === resolved.id) ?? resolved;
      const station = new Station({
        config,
        source: world?.open(resolved) ?? openSource(resolved, context),
        engine,
        pipeline: pipelines.get(config.id),
        clock: world?.clock ?? clock,
        log,
        onReading,
        onEmbedding: (embedding) => {
          // In the order in which they come out, also while two models work side by side.
          const seq = this.#counts.get(config.id) ?? 0;
          this.#counts.set(config.id, seq + 1);
          const numbered = { ...embedding, seq };
          if (world) world.embedding(numbered, onEmbedding);
          else onEmbedding(numbered);
        },
        onStatus,
      });
      this.#stations.set(config.id, station);
      station.start();
    }
  }

  /** Closes some of them, one after the other. */
  async close(stations: readonly Station[]): Promise<void> {
    for (const station of stations) {
      this.#stations.delete(station.id);
      await station.stop();
    }
  }

  /** Closes the devices. What is on its way through the pipelines still comes out. */
  async stopInputs(): Promise<void> {
    await Promise.all(this.all.map((station) => station.stopInput()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((station) => station.stop()));
  }
}

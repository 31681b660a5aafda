import type { Pipeline } from '../../pipelines/engine.ts';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Alerting } from './alerting.ts';
import { findBundle } from './bundles.ts';
import { checkSources } from './check-sources.ts';
import { EDITED_FOR_LATER, type Config, type LoadedConfig } from './config.ts';
import type { LiveFusion } from './live-fusion.ts';
import { loadPipelines } from './load-pipelines.ts';
import type { ModelHost } from './model-host.ts';
import type { Outlets } from './outlets.ts';
import type { ServedModel } from './served-model.ts';
import type { Stations } from './stations.ts';
import { stationsToClose } from './stations-to-close.ts';
import type { Transport } from './transport.ts';
import { Turns } from './turns.ts';

/** What is in force now; each edit that is taken replaces it. */
export interface InForce {
  config: Config;
  /** Where things stand in the newest config file. */
  at: LoadedConfig['at'];
  /** Users' own, by source. */
  pipelines: ReadonlyMap<string, Pipeline>;
  readonly folder: string;
}

export interface ExchangeParts {
  readonly inForce: InForce;
  readonly models: ModelHost;
  readonly stations: Stations;
  readonly alerting: Alerting;
  readonly transport: Transport;
  readonly outlets: Outlets;
  readonly fusion: LiveFusion;
  readonly log: Log;
  /** Whether files of bundles are watched. */
  readonly isWatching: boolean;
  /** Told when another config or model is in force. */
  readonly onChange: () => void;
}

/** Puts edits of the config and changes of the model into force while everything runs, one after the other. */
export class Exchange {
  readonly #parts: ExchangeParts;
  readonly #turns = new Turns();

  constructor(parts: ExchangeParts) {
    this.#parts = parts;
  }

  /** See `EdgeBind.reconfigure`. */
  reconfigure(loaded: LoadedConfig): Promise<void> {
    return this.#turns.take(() => this.#reconfigure(loaded));
  }

  /** Takes a bundle into service whenever its files change. */
  watch(dir: string, attempt = () => this.#update(dir)): void {
    const { models, isWatching } = this.#parts;
    if (isWatching) models.watch(dir, () => this.#turns.take(attempt));
  }

  /** Resolves when what has begun is over; nothing begins any more. */
  close(): Promise<void> {
    return this.#turns.close();
  }

  async #reconfigure(loaded: LoadedConfig): Promise<void> {
    const { inForce, models, log } = this.#parts;
    const { model, sources, fusion, alerts } = loaded.config;
    const config = { ...inForce.config, model, sources, fusion, alerts };
    if (JSON.stringify(config) !== JSON.stringify(loaded.config)) log.warn({}, EDITED_FOR_LATER);
    const pipelines = await loadPipelines(loaded);
    const dir = findBundle(model, inForce.folder);
    const isOther = model !== inForce.config.model;
    try {
      const next = isOther ? await models.prepare(dir, loaded.at(['model'])) : undefined;
      await this.#change({ config, at: loaded.at, pipelines }, next);
    } catch (error) {
      // What is wrong with the other bundle may be repaired.
      if (isOther) this.watch(dir, () => this.#reconfigure(loaded));
      throw error;
    }
    models.forgive();
    this.watch(dir);
  }

  async #update(dir: string): Promise<void> {
    const next = await this.#parts.models.prepare(dir);
    if (next) await this.#change(this.#parts.inForce, next);
  }

  /** Exchanges the config, and the model where there is a next one; or throws, and both are as they were. */
  async #change({ config: next, at, pipelines }: Omit<InForce, 'folder'>, model: ServedModel | undefined): Promise<void> {
    const { inForce, models, stations, alerting, transport, fusion, onChange } = this.#parts;
    const [before, old] = [inForce.config, models.current.bundle];
    const bundle = model?.bundle ?? old;
    const gone = stationsToClose(stations.all, { config: before, bundle: old }, { config: next, bundle });
    const isNew = ({ id }: SourceConfig): boolean => !stations.has(id) || gone.some((station) => station.id === id);
    let added: readonly SourceConfig[];
    // All that can fail comes first, and leaves everything as it is.
    try {
      checkSources({ config: next, at }, bundle);
      added = await stations.resolve(next.sources.filter(isNew));
      if (model) models.admit(model);
      [inForce.config, inForce.at] = [next, at];
      // The rules before the first vector of a new space.
      await alerting.book.configure(next.alerts);
    } catch (error) {
      inForce.config = before;
      if (model) await models.dismiss(model, error);
      await transport.release(before.sources);
      throw error;
    }
    await stations.close(gone);
    alerting.forget(gone.map(({ id }) => id));
    inForce.pipelines = pipelines;
    if (model) this.#takeOver(model);
    stations.open(added, pipelines);
    onChange();
    if (JSON.stringify([next.fusion, next.sources]) !== JSON.stringify([before.fusion, before.sources])) fusion.begin(next);
    await transport.release(next.sources);
  }

  /** Everyone is told of the space, then it comes; and again when the space before is over. */
  #takeOver(model: ServedModel): void {
    const { models, alerting, outlets, log } = this.#parts;
    alerting.enter(model.space.id);
    outlets.spaces();
    const isOver = models.takeOver(model).then(() =>
      this.#turns.take(async () => {
        await alerting.book.refresh();
        outlets.spaces();
      }),
    );
    isOver.catch((error: unknown) => log.error({ error: messageOf(error) }, 'the model of before is not gone cleanly'));
  }
}

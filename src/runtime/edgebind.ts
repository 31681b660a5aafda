import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { map, merge, Subject, Subscription } from 'rxjs';
import { alerts } from '../../pipelines/alerts.ts';
import type { Engine } from '../../pipelines/engine.ts';
import { FileAlertLog } from '../alerts/alert-log.ts';
import { RuleEngine, type AlertDraft, type Judged } from '../alerts/rule-engine.ts';
import type { Rule } from '../alerts/rule.ts';
import type { Encoders } from '../core/encoder.ts';
import { messageOf } from '../core/errors.ts';
import type { Fused } from '../core/fused.ts';
import { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Embedding } from '../core/types.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { startEncoders } from '../encoders/encoder-pool.ts';
import type { InputContext } from '../inputs/context.ts';
import { openSource } from '../inputs/open-source.ts';
import { Hub } from '../outputs/hub.ts';
import { startServer, type Server } from '../outputs/http-server.ts';
import { MqttOutput } from '../outputs/mqtt-output.ts';
import type { SpaceVector } from '../space/vector.ts';
import { findBundle } from './bundles.ts';
import { checkSources, placed } from './check-sources.ts';
import { namesOf, type Config, type LoadedConfig } from './config.ts';
import { embedQuery } from './embed-query.ts';
import { fusedVectors } from './fused-vectors.ts';
import { HostClockReport } from './host-clock-report.ts';
import { RuleBook } from './rule-book.ts';
import { audioRateHz, configPath, engineOf, withOwnPaths } from './senses.ts';
import { Station } from './station.ts';
import { LoopDelay, statusOf } from './status.ts';
import { Transport } from './transport.ts';

export interface EdgeBindOptions {
  readonly log: Log;
  /** Name and version, for `hello`. */
  readonly server: string;
  /** Folder of the built dashboard. */
  readonly dashboardDir?: string;
  /** Overrides `listen.port`; 0 takes a free one. */
  readonly port?: number;
}

/** A running EdgeBind: sources, pipelines, rules and the server, from start to stop. */
export class EdgeBind {
  readonly #options: EdgeBindOptions;
  readonly #clock = hostClock;
  readonly #ledger = new Ledger();
  readonly #boot = randomUUID();
  readonly #startedUs = hostClock.nowUs();
  readonly #embeddings = new Subject<Embedding>();
  readonly #rules = new RuleEngine();
  readonly #subscription = new Subscription();
  readonly #stations = new Map<string, Station>();
  readonly #loopDelay = new LoopDelay();
  readonly #hostClock: HostClockReport;
  readonly #folder: string;
  readonly #bundle: Bundle;
  readonly #encoders: Encoders;
  readonly #log: FileAlertLog;
  readonly #hub: Hub;
  readonly #book: RuleBook;
  #config: Config;
  /** Where things stand in the newest config file. */
  #at: LoadedConfig['at'];
  readonly #transport: Transport;
  readonly #mqtt: MqttOutput | undefined;
  #reconfigured: Promise<unknown> = Promise.resolve();
  #fusion = new Subscription();
  #server: Server | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: EdgeBindOptions, loaded: LoadedConfig, bundle: Bundle, encoders: Encoders, ledger: Ledger) {
    const { config, folder } = loaded;
    this.#options = options;
    this.#hostClock = new HostClockReport(hostClock, options.log);
    this.#config = config;
    this.#at = loaded.at;
    this.#folder = folder;
    this.#bundle = bundle;
    this.#encoders = encoders;
    this.#ledger = ledger;
    const stateDir = configPath(folder, config.state.dir);
    this.#log = FileAlertLog.open(join(stateDir, 'alerts.jsonl'));
    this.#hub = new Hub({
      clock: this.#clock,
      ledger,
      log: options.log,
      boot: this.#boot,
      server: options.server,
      spaces: () => [encoders.space],
      sources: () => [...this.#stations.values()].map(({ id, modality, status }) => ({ id, modality, state: status.state })),
      alerts: this.#log,
      slowClientMs: config.listen.slowClientMs,
    });
    this.#transport = new Transport({ broker: config.broker, clock: this.#clock, log: options.log });
    const { mqtt } = config.outputs;
    this.#mqtt = mqtt && new MqttOutput({ ...mqtt, alerts: this.#log, clock: this.#clock, ledger, log: options.log });
    this.#book = new RuleBook({
      engine: this.#rules,
      log: this.#log,
      stateDir,
      embed: (rule) => this.#embed(rule),
      known: () => namesOf(this.#config),
      onAlert: (alert) => this.#announce(alert),
    });
  }

  /**
   * Opens the bundle, checks it, embeds the rules, opens the sources and listens.
   *
   * @throws UsageError where the config asks for something that is not there; nothing is left running then
   */
  static async start(loaded: LoadedConfig, options: EdgeBindOptions): Promise<EdgeBind> {
    const { config, folder } = loaded;
    const bundle = await openBundle(findBundle(config.model, folder)).catch((error: unknown) => {
      throw placed(loaded.at(['model']), error);
    });
    checkSources(loaded, bundle);
    const ledger = new Ledger();
    const { workers, threads, providers } = config.encoders;
    const encoders = await startEncoders(bundle, {
      ...(workers !== undefined && { workers }),
      threads,
      providers,
      clock: hostClock,
      ledger,
      log: options.log,
    });
    let edgebind: EdgeBind | undefined;
    try {
      edgebind = new EdgeBind(options, loaded, bundle, encoders, ledger);
      await edgebind.#run();
      return edgebind;
    } catch (error) {
      await (edgebind?.stop() ?? encoders.stop());
      throw error;
    }
  }

  /** Address of the dashboard. */
  get url(): string {
    return this.#server?.url ?? '';
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /**
   * Puts an edited config into force, one after the other. Sources that did not change go on without losing a window; a config that
   * cannot be put into force changes nothing.
   *
   * @throws UsageError with what is wrong with it
   */
  reconfigure(loaded: LoadedConfig): Promise<void> {
    const done = this.#reconfigured.then(() => (this.#stopping ? undefined : this.#reconfigure(loaded)));
    this.#reconfigured = done.catch(() => undefined);
    return done;
  }

  async #reconfigure(loaded: LoadedConfig): Promise<void> {
    const { config } = loaded;
    const fixed = ({ sources: _, fusion: _fusion, alerts: _alerts, ...others }: Config): string => JSON.stringify(others);
    if (fixed(config) !== fixed(this.#config))
      this.#options.log.warn(
        {},
        'model, listen, broker, encoders, state and outputs take effect at the next start; sources, fusion and alerts now',
      );
    checkSources(loaded, this.#bundle);
    const before = this.#config;
    const next = { ...before, sources: config.sources, fusion: config.fusion, alerts: config.alerts };
    const asText = (source: SourceConfig | undefined): string => JSON.stringify(source);
    const changed = (id: string): boolean =>
      asText(next.sources.find((source) => source.id === id)) !== asText(before.sources.find((source) => source.id === id));
    const gone = [...this.#stations.values()].filter((station) => changed(station.id));
    // All that can fail comes first, and leaves everything as it is.
    const added = await this.#resolve(next.sources.filter((source) => !this.#stations.has(source.id) || changed(source.id)));
    this.#config = next;
    this.#at = loaded.at;
    try {
      await this.#book.configure(next.alerts);
    } catch (error) {
      this.#config = before;
      await this.#transport.release(before.sources);
      throw error;
    }
    for (const station of gone) {
      this.#stations.delete(station.id);
      await station.stop();
    }
    this.#tell(this.#gone(gone.map(({ id }) => id)));
    this.#open(added);
    if (JSON.stringify([next.fusion, next.sources]) !== JSON.stringify([before.fusion, before.sources])) this.#fuse();
    await this.#transport.release(next.sources);
  }

  /** Stops the inputs, lets what is on its way come out, writes the state, closes. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #run(): Promise<void> {
    const { host, port, token, tls } = this.#config.listen;
    this.#judge();
    await this.#book.configure(this.#config.alerts);
    for (const alert of this.#log.raised()) this.#tell(this.#rules.restore(alert));
    this.#tell(this.#gone(this.#log.raised().map(({ source }) => source)));
    this.#server = await startServer({
      host,
      port: this.#options.port ?? port,
      ...(token !== undefined && { token }),
      ...(tls && { tls: { cert: configPath(this.#folder, tls.cert), key: configPath(this.#folder, tls.key) } }),
      ...(this.#options.dashboardDir !== undefined && { dashboardDir: this.#options.dashboardDir }),
      hub: this.#hub,
      clock: this.#clock,
      log: this.#options.log,
      ledger: this.#ledger,
      api: {
        status: () => this.#status(),
        ledger: () => this.#ledger.lines(),
        alerts: (after, limit) => this.#log.after(after, limit),
        rules: () => this.#book.list(),
        putRule: (id, body) => this.#book.put(id, body),
        deleteRule: (id) => this.#book.delete(id),
        ready: () => this.#readiness(),
      },
    });
    this.#open(await this.#resolve(this.#config.sources));
    this.#fuse();
  }

  async #embed({ id, query }: Rule): Promise<SpaceVector> {
    try {
      return await embedQuery(query, { encoders: this.#encoders, folder: this.#folder, audioRateHz: audioRateHz(this.#bundle) });
    } catch (error) {
      const index = this.#config.alerts.findIndex((rule) => rule.id === id);
      throw index < 0 ? error : placed(this.#at(['alerts', index, 'query']), error);
    }
  }

  /** Clears of what those of these sources raised that the config no longer has. */
  #gone(sources: readonly string[]): readonly AlertDraft[] {
    const { sources: configured, fusion: terms } = this.#config;
    const there = new Set([...configured.map(({ id }) => id), ...(terms ? ['fused'] : [])]);
    return [...new Set(sources)].filter((id) => !there.has(id)).flatMap((id) => this.#rules.forget(id));
  }

  #tell(changes: readonly AlertDraft[]): void {
    for (const change of changes) this.#announce(this.#log.append(change));
  }

  /** THE ALERT MUST BE IN THE LOG. */
  #announce(alert: Alert): void {
    this.#hub.publishAlert(alert);
    this.#mqtt?.publishAlert();
  }

  /** Embeddings, single and fused, to the rules; what they say to the clients. */
  #judge(): void {
    const fused = this.#fused;
    const judged$ = merge(this.#embeddings, fused.pipe(map((one): Judged => ({ ...one, modality: 'fused' }))));
    this.#subscription.add(
      alerts(judged$, this.#rules, this.#log).subscribe(({ scores, alerts: changes }) => {
        for (const alert of changes) this.#announce(alert);
        for (const score of scores) this.#hub.publishScore(score);
      }),
    );
    this.#subscription.add(
      this.#embeddings.subscribe((embedding) => {
        this.#hub.publishEmbedding(embedding);
        this.#mqtt?.publishVector(embedding);
      }),
    );
    this.#subscription.add(
      fused.subscribe((one) => {
        this.#newestFused = one;
        this.#hub.publishFused(one);
        this.#mqtt?.publishVector(one);
      }),
    );
  }

  readonly #fused = new Subject<Fused>();
  #newestFused: Fused | undefined;

  #fuse(): void {
    this.#fusion.unsubscribe();
    this.#newestFused = undefined;
    const terms = this.#config.fusion;
    if (!terms) return;
    const fused$ = fusedVectors(this.#embeddings, { terms, config: this.#config, encoders: this.#encoders, clock: this.#clock });
    this.#fusion = fused$.subscribe((one) => this.#fused.next(one));
  }

  /** Sources as their inputs open them: with files that are found from anywhere, and the simulator's addresses. */
  #resolve(sources: readonly SourceConfig[]): Promise<SourceConfig[]> {
    return this.#transport.resolve(sources.map((source) => withOwnPaths(source, this.#folder)));
  }

  #inputContext(): InputContext {
    const { bus } = this.#transport;
    return {
      clock: this.#clock,
      ledger: this.#ledger,
      log: this.#options.log,
      audioRateHz: audioRateHz(this.#bundle),
      ...(bus && { bus }),
    };
  }

  /** @param sources as `#resolve` gives them */
  #open(sources: readonly SourceConfig[]): void {
    const context = this.#inputContext();
    const engine: Engine = engineOf({
      config: this.#config,
      bundle: this.#bundle,
      encoders: this.#encoders,
      ledger: this.#ledger,
      clock: () => ({ hostSteps$: this.#hostClock.steps$ }),
      show: (sample) => this.#hub.publishSample(sample),
    });
    for (const resolved of sources) {
      // People see what they wrote, not the simulator's address.
      const config = this.#config.sources.find(({ id }) => id === resolved.id) ?? resolved;
      const station = new Station({
        config,
        source: openSource(resolved, context),
        engine,
        clock: this.#clock,
        log: this.#options.log,
        onEmbedding: (embedding) => this.#embeddings.next(embedding),
        onStatus: (status) => {
          this.#hub.publishStatus(status);
          this.#mqtt?.publishStatus(status);
        },
      });
      this.#stations.set(config.id, station);
      station.start();
    }
  }

  #readiness(): { ready: boolean; reasons: string[] } {
    const reasons = [...this.#stations.values()].flatMap(({ id, status: { state, reason } }) =>
      state === 'live' ? [] : [`${id}: ${state}${reason ? ` (${reason})` : ''}`],
    );
    return { ready: reasons.length < this.#stations.size, reasons };
  }

  #status(): object {
    return statusOf({
      server: this.#options.server,
      boot: this.#boot,
      startedUs: this.#startedUs,
      nowUs: this.#clock.nowUs(),
      space: this.#encoders.space,
      stations: [...this.#stations.values()],
      rules: this.#book.list(),
      ...(this.#newestFused && { fused: this.#newestFused }),
      outputs: this.#mqtt ? [this.#mqtt.describe()] : [],
      ledger: this.#ledger,
      loopDelay: this.#loopDelay,
      hostClock: this.#hostClock.describe(),
    });
  }

  async #stop(): Promise<void> {
    const { log } = this.#options;
    const tidy = async (what: string, step: () => unknown): Promise<void> => {
      try {
        await step();
      } catch (error) {
        log.warn({ error: messageOf(error) }, `stopping: ${what} failed`);
      }
    };
    await this.#reconfigured;
    const stations = [...this.#stations.values()];
    await tidy('inputs', () => Promise.all(stations.map((station) => station.stopInput())));
    // What waits is encoded, judged and published before the doors close.
    await tidy('encoders', () => this.#encoders.stop());
    await tidy('pipelines', () => Promise.all(stations.map((station) => station.stop())));
    this.#fusion.unsubscribe();
    this.#subscription.unsubscribe();
    await tidy('clients', () => this.#hub.closeAll('the server stops'));
    await tidy('server', () => this.#server?.close());
    await tidy('mqtt output', () => this.#mqtt?.stop());
    await tidy('transport', () => this.#transport.stop());
    await tidy('alert log', () => this.#log.close());
    this.#hostClock.stop();
    this.#loopDelay.stop();
  }
}

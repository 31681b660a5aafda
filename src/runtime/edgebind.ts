import { randomUUID } from 'node:crypto';
import { map, merge, Subject, Subscription } from 'rxjs';
import type { Engine, Pipeline } from '../../pipelines/engine.ts';
import type { Judged } from '../alerts/active-rule.ts';
import type { Encoders } from '../core/encoder.ts';
import type { Fused } from '../core/fused.ts';
import { DecisionClock } from '../core/decision-clock.ts';
import { Ledger } from '../core/ledger.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Embedding } from '../core/types.ts';
import type { Bundle } from '../encoders/bundle.ts';
import type { InputContext } from '../inputs/context.ts';
import { Hub } from '../outputs/hub.ts';
import type { Server } from '../outputs/http-server.ts';
import { MqttOutput } from '../outputs/mqtt-output.ts';
import type { Recorder } from '../recording/recorder.ts';
import { Alerting } from './alerting.ts';
import { checkSources, placed } from './check-sources.ts';
import { namesOf, type Config, type LoadedConfig } from './config.ts';
import type { EdgeBindOptions } from './edgebind-options.ts';
import { fusedVectors } from './fused-vectors.ts';
import { HostClockReport } from './host-clock-report.ts';
import { listen } from './listen.ts';
import { loadPipelines } from './load-pipelines.ts';
import { LoopDelay } from './loop-delay.ts';
import { openEncoders } from './open-encoders.ts';
import { Outlets } from './outlets.ts';
import { Past } from './past.ts';
import { parseSearch } from './recall.ts';
import { audioRateHz, configPath, engineOf, withOwnPaths } from './senses.ts';
import { RECORDED_BACKGROUND_BYTES, sessionOf, startRecorder } from './start-recorder.ts';
import { Stations } from './stations.ts';
import { readinessOf, statusOf } from './status.ts';
import { tidy } from './tidy.ts';
import { Transport } from './transport.ts';
import { Turns } from './turns.ts';

/** A running EdgeBind: sources, pipelines, rules and the server, from start to stop. */
export class EdgeBind {
  readonly #options: EdgeBindOptions;
  readonly #clock = hostClock;
  /** Times what decides: fusion and rules. */
  readonly #decisionClock: DecisionClock;
  readonly #ledger: Ledger;
  readonly #boot = randomUUID();
  readonly #startedUs = hostClock.nowUs();
  readonly #embeddings = new Subject<Embedding>();
  readonly #subscription = new Subscription();
  readonly #stations: Stations;
  readonly #loopDelay: LoopDelay;
  readonly #hostClock: HostClockReport;
  readonly #folder: string;
  readonly #bundle: Bundle;
  readonly #encoders: Encoders;
  readonly #hub: Hub;
  readonly #alerting: Alerting;
  #config: Config;
  /** Where things stand in the newest config file. */
  #at: LoadedConfig['at'];
  readonly #transport: Transport;
  readonly #mqtt: MqttOutput | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #outlets: Outlets;
  readonly #past: Past;
  /** Edits of the config are put into force one after the other. */
  readonly #turns = new Turns();
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
    const { world } = options;
    const stateDir = world?.stateDir ?? configPath(folder, config.state.dir);
    this.#alerting = new Alerting({
      stateDir,
      folder,
      encoders,
      audioRateHz: audioRateHz(bundle),
      known: () => namesOf(this.#config),
      isThere: (id) => (id === 'fused' ? this.#config.fusion !== undefined : this.#config.sources.some((source) => source.id === id)),
      clock: this.#clock,
      log: options.log,
      ...(world && { recorded: (rule) => world.query(rule) }),
      onAlert: (alert) => this.#announce(alert),
      onUpdate: (update) => this.#outlets.update(update),
      onScore: (score) => this.#outlets.score(score),
      onRules: (rules) => this.#recorder?.rules(rules),
      onVerdict: (alert, isRight) => this.#recorder?.verdict(alert, isRight),
      explain: (error, { id }) => {
        const index = this.#config.alerts.findIndex((rule) => rule.id === id);
        return index < 0 ? error : placed(this.#at(['alerts', index, 'query']), error);
      },
    });
    this.#hub = new Hub({
      clock: this.#clock,
      ledger,
      log: options.log,
      boot: this.#boot,
      server: options.server,
      spaces: () => [encoders.space],
      sources: () => this.#stations.all.map(({ id, modality, status }) => ({ id, modality, state: status.state })),
      alerts: this.#alerting.alerts,
      desk: this.#alerting.desk,
      slowClientMs: config.listen.slowClientMs,
      onQuery: async (query) => (await this.#past.search(query)).hits,
    });
    this.#recorder = world ? undefined : startRecorder({ ...options, config, folder, file: options.recordTo, ledger });
    this.#decisionClock = new DecisionClock(world?.decisionClock ?? this.#clock, (nowUs) => this.#recorder?.wake(nowUs));
    this.#transport = new Transport({ broker: config.broker, clock: this.#clock, log: options.log });
    const { mqtt } = config.outputs;
    this.#mqtt =
      mqtt && !world ? new MqttOutput({ ...mqtt, alerts: this.#alerting.alerts, clock: this.#clock, ledger, log: options.log }) : undefined;
    this.#past = new Past({
      // A replay is no past of the sensors.
      limits: world ? false : config.state.memory,
      stateDir,
      clock: this.#clock,
      ledger,
      log: options.log,
      present: () => ({ encoders: this.#encoders, audioRateHz: audioRateHz(this.#bundle) }),
    });
    this.#outlets = new Outlets({ hub: this.#hub, past: this.#past, mqtt: this.#mqtt, recorder: this.#recorder });
    this.#stations = new Stations({
      config: () => this.#config,
      world,
      context: () => this.#inputContext(),
      engine: () => this.#engine(),
      clock: this.#clock,
      log: options.log,
      onReading: this.#recorder && ((...reading) => this.#recorder?.reading(...reading)),
      onEmbedding: (embedding) => this.#embeddings.next(embedding),
      onStatus: (status) => this.#outlets.status(status),
    });
    // Last: its timer runs until it is stopped, and of what fails to be built nobody stops the parts.
    this.#loopDelay = new LoopDelay();
  }

  /**
   * Opens the bundle, checks it, embeds the rules, opens the sources and listens.
   *
   * @throws UsageError where the config asks for something that is not there; nothing is left running then
   */
  static async start(loaded: LoadedConfig, options: EdgeBindOptions): Promise<EdgeBind> {
    const ledger = new Ledger();
    const pipelines = await loadPipelines(loaded);
    const { bundle, encoders } = await openEncoders(loaded, { ledger, log: options.log });
    let edgebind: EdgeBind | undefined;
    try {
      edgebind = new EdgeBind(options, loaded, bundle, encoders, ledger);
      await edgebind.#run(pipelines);
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
    return this.#turns.take(() => this.#reconfigure(loaded));
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
    const pipelines = await loadPipelines(loaded);
    const before = this.#config;
    const next = { ...before, sources: config.sources, fusion: config.fusion, alerts: config.alerts };
    const asText = (source: SourceConfig | undefined): string => JSON.stringify(source);
    const changed = (id: string): boolean =>
      asText(next.sources.find((source) => source.id === id)) !== asText(before.sources.find((source) => source.id === id));
    const gone = this.#stations.all.filter((station) => changed(station.id));
    // All that can fail comes first, and leaves everything as it is.
    const added = await this.#resolve(next.sources.filter((source) => !this.#stations.has(source.id) || changed(source.id)));
    this.#config = next;
    this.#at = loaded.at;
    try {
      await this.#alerting.book.configure(next.alerts);
    } catch (error) {
      this.#config = before;
      await this.#transport.release(before.sources);
      throw error;
    }
    await this.#stations.close(gone);
    this.#alerting.forget(gone.map(({ id }) => id));
    this.#stations.open(added, pipelines);
    this.#recordSession();
    if (JSON.stringify([next.fusion, next.sources]) !== JSON.stringify([before.fusion, before.sources])) this.#fuse();
    await this.#transport.release(next.sources);
  }

  /** Learns from what somebody said of an alert while it was recorded. */
  judgeAlert(alert: Alert, isRight: boolean): void {
    this.#alerting.judgeAlert(alert, isRight);
  }

  /** Stops the inputs, lets what is on its way come out, writes the state, closes. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #run(pipelines: ReadonlyMap<string, Pipeline>): Promise<void> {
    this.#recordSession();
    this.#subscription.add(this.#hostClock.steps$.subscribe((byUs) => this.#recorder?.hostStep(byUs)));
    this.#judge();
    await this.#alerting.start(this.#config.alerts);
    this.#recorder?.learnt(this.#alerting.learnt(RECORDED_BACKGROUND_BYTES));
    if (this.#options.world?.listens !== false) this.#server = await this.#listen();
    this.#stations.open(await this.#resolve(this.#config.sources), pipelines);
    this.#decisionClock.frozenAt(this.#options.world?.decisionClock.nowUs() ?? this.#startedUs, () => this.#fuse());
  }

  #listen(): Promise<Server> {
    return listen({ config: this.#config, folder: this.#folder }, this.#options, {
      hub: this.#hub,
      clock: this.#clock,
      log: this.#options.log,
      ledger: this.#ledger,
      api: {
        status: () => this.#status(),
        ledger: () => this.#ledger.lines(),
        alerts: (after, limit) => this.#alerting.alerts.after(after, limit),
        rules: () => this.#alerting.book.list(),
        putRule: (id, body) => this.#alerting.desk.putRule(id, body, 'http'),
        deleteRule: (id) => this.#alerting.desk.deleteRule(id, 'http'),
        desk: this.#alerting.desk,
        search: (body) => this.#past.search(parseSearch(body)),
        ready: () => readinessOf(this.#stations.all),
      },
    });
  }

  #recordSession(): void {
    const { server } = this.#options;
    const parts = {
      server,
      config: this.#config,
      folder: this.#folder,
      boot: this.#boot,
      startedUs: this.#startedUs,
      alerts: this.#alerting.alerts,
    };
    this.#recorder?.session(sessionOf({ ...parts, space: this.#encoders.space }));
  }

  /** THE ALERT MUST BE IN THE LOG. */
  #announce(alert: Alert): void {
    this.#options.world?.onAlert(alert);
    this.#outlets.alert(alert);
  }

  /** Embeddings, single and fused, to the rules; what they say to the clients. */
  #judge(): void {
    const fused = this.#fused;
    const judged$ = merge(this.#embeddings, fused.pipe(map((one): Judged => ({ ...one, modality: 'fused' }))));
    this.#alerting.judge(judged$);
    this.#subscription.add(this.#embeddings.subscribe((embedding) => this.#outlets.embedding(embedding)));
    this.#subscription.add(
      fused.subscribe((one) => {
        this.#newestFused = one;
        this.#outlets.fused(one);
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
    const fused$ = fusedVectors(this.#embeddings, {
      terms,
      config: this.#config,
      encoders: this.#encoders,
      clock: this.#decisionClock,
    });
    this.#fusion = fused$.subscribe((one) => this.#fused.next(one));
  }

  /** Sources as their inputs open them: with files that are found from anywhere, and the simulator's addresses. */
  #resolve(sources: readonly SourceConfig[]): Promise<SourceConfig[]> {
    const found = sources.map((source) => withOwnPaths(source, this.#folder));
    return this.#options.world ? Promise.resolve(found) : this.#transport.resolve(found);
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

  #engine(): Engine {
    const { world } = this.#options;
    return engineOf({
      config: this.#config,
      bundle: this.#bundle,
      encoders: this.#encoders,
      ledger: this.#ledger,
      clock: () => ({ hostSteps$: world?.hostSteps$ ?? this.#hostClock.steps$ }),
      encode: world?.encode ?? (this.#recorder ? { onDrop: (window, reason) => this.#recorder?.dropped(window, reason) } : {}),
      show: (sample) => {
        this.#alerting.see(sample);
        this.#hub.publishSample(sample);
      },
    });
  }

  #status(): object {
    return statusOf({
      server: this.#options.server,
      boot: this.#boot,
      startedUs: this.#startedUs,
      nowUs: this.#clock.nowUs(),
      space: this.#encoders.space,
      stations: this.#stations.all,
      rules: this.#alerting.book.list(),
      ...(this.#newestFused && { fused: this.#newestFused }),
      outputs: this.#outlets.describe(),
      ...(this.#past.state && { memory: this.#past.state }),
      ledger: this.#ledger,
      loopDelay: this.#loopDelay,
      hostClock: this.#hostClock.describe(),
    });
  }

  async #stop(): Promise<void> {
    const { log } = this.#options;
    await this.#turns.close();
    await tidy(log, 'inputs', () => this.#stations.stopInputs());
    // What waits is encoded, judged and published before the doors close.
    await tidy(log, 'encoders', () => this.#encoders.stop());
    await tidy(log, 'pipelines', () => this.#stations.stop());
    this.#fusion.unsubscribe();
    this.#subscription.unsubscribe();
    await tidy(log, 'memory', () => this.#past.stop());
    await tidy(log, 'clients', () => this.#hub.closeAll('the server stops'));
    await tidy(log, 'server', () => this.#server?.close());
    await tidy(log, 'mqtt output', () => this.#mqtt?.stop());
    await tidy(log, 'transport', () => this.#transport.stop());
    await tidy(log, 'recording', () => this.#recorder?.stop());
    await tidy(log, 'alerts', () => this.#alerting.close());
    this.#hostClock.stop();
    this.#loopDelay.stop();
  }
}

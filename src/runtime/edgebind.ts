import { randomUUID } from 'node:crypto';
import { map, merge, Subject, Subscription } from 'rxjs';
import type { Engine, Pipeline } from '../../pipelines/engine.ts';
import type { Judged } from '../alerts/active-rule.ts';
import { messageOf } from '../core/errors.ts';
import { DecisionClock } from '../core/decision-clock.ts';
import { Ledger } from '../core/ledger.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Embedding } from '../core/types.ts';
import { Hub } from '../outputs/hub.ts';
import type { Server } from '../outputs/http-server.ts';
import { MqttOutput } from '../outputs/mqtt-output.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Recorder } from '../recording/recorder.ts';
import { Alerting } from './alerting.ts';
import { findBundle } from './bundles.ts';
import { checkSources, placed } from './check-sources.ts';
import { EDITED_FOR_LATER, namesOf, type Config, type LoadedConfig } from './config.ts';
import type { EdgeBindOptions } from './edgebind-options.ts';
import { HostClockReport } from './host-clock-report.ts';
import { listen } from './listen.ts';
import { knownWords } from './known-words.ts';
import { LiveFusion } from './live-fusion.ts';
import { loadPipelines } from './load-pipelines.ts';
import { LoopDelay } from './loop-delay.ts';
import type { ModelHost } from './model-host.ts';
import { openModels } from './open-models.ts';
import { Outlets } from './outlets.ts';
import { Past } from './past.ts';
import { parseSearch } from './recall.ts';
import { audioRateHz, configPath } from './senses.ts';
import type { ServedModel } from './served-model.ts';
import { CHECKPOINT_BYTES, RECORDED_BACKGROUND_BYTES, sessionOf, startRecorder } from './start-recorder.ts';
import { Stations } from './stations.ts';
import { stationsToClose } from './stations-to-close.ts';
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
  readonly #models: ModelHost;
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
  readonly #fusion: LiveFusion;
  /** Users' own, by source. */
  #pipelines: ReadonlyMap<string, Pipeline> = new Map();
  /** Edits of the config and changes of the model are put into force one after the other. */
  readonly #turns = new Turns();
  #server: Server | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: EdgeBindOptions, loaded: LoadedConfig, models: ModelHost, ledger: Ledger) {
    const { config, folder } = loaded;
    this.#options = options;
    this.#hostClock = new HostClockReport(hostClock, options.log);
    this.#config = config;
    this.#at = loaded.at;
    this.#folder = folder;
    this.#models = models;
    this.#ledger = ledger;
    const { world } = options;
    const stateDir = world?.stateDir ?? configPath(folder, config.state.dir);
    this.#alerting = new Alerting({
      stateDir,
      folder,
      models: () => models.inService,
      known: () => namesOf(this.#config),
      remembered: (query) => this.#past.scores(query, this.#clock.nowUs()),
      isThere: (id) => (id === 'fused' ? this.#config.fusion !== undefined : this.#config.sources.some((source) => source.id === id)),
      clock: this.#clock,
      log: options.log,
      ...(world && { recorded: (rule) => world.query(rule) }),
      onAlert: (alert) => this.#announce(alert),
      onUpdate: (update) => this.#outlets.update(update),
      onScore: (score) => this.#outlets.score(score),
      isScoreHeard: () => this.#outlets.isScoreHeard,
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
      spaces: () => models.spaces,
      sources: () => this.#stations.all.map(({ id, modality, status }) => ({ id, modality, state: status.state })),
      alerts: this.#alerting.alerts,
      desk: this.#alerting.desk,
      slowClientMs: config.listen.slowClientMs,
      onQuery: (query) => this.#past.search(query),
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
      sources: () => this.#stations.all.map(({ id }) => id),
      present: () => ({ encoders: models.current.encoders, audioRateHz: audioRateHz(models.current.bundle) }),
    });
    this.#fusion = new LiveFusion({ embeddings$: this.#embeddings, models, clock: this.#decisionClock });
    this.#outlets = new Outlets({ hub: this.#hub, past: this.#past, mqtt: this.#mqtt, recorder: this.#recorder });
    this.#stations = new Stations({
      config: () => this.#config,
      world,
      folder,
      transport: this.#transport,
      ledger,
      audioRateHz: () => audioRateHz(models.current.bundle),
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
    let edgebind: EdgeBind | undefined;
    const models = await openModels(loaded, {
      ledger,
      log: options.log,
      config: () => (edgebind ? edgebind.#config : loaded.config),
      encode: () => options.world?.encode ?? (edgebind ? edgebind.#outlets.encode : {}),
    });
    try {
      edgebind = new EdgeBind(options, loaded, models, ledger);
      edgebind.#pipelines = pipelines;
      await edgebind.#run();
      return edgebind;
    } catch (error) {
      await (edgebind?.stop() ?? models.stop());
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
   * Puts an edited config into force, one after the other. Sources that did not change go on without losing a window, also where the
   * model changes; a config that cannot be put into force changes nothing.
   *
   * @throws UsageError with what is wrong with it
   */
  reconfigure(loaded: LoadedConfig): Promise<void> {
    return this.#turns.take(() => this.#reconfigure(loaded));
  }

  async #reconfigure(loaded: LoadedConfig): Promise<void> {
    const { model, sources, fusion, alerts } = loaded.config;
    const config = { ...this.#config, model, sources, fusion, alerts };
    if (JSON.stringify(config) !== JSON.stringify(loaded.config)) this.#options.log.warn({}, EDITED_FOR_LATER);
    const pipelines = await loadPipelines(loaded);
    const dir = findBundle(model, this.#folder);
    const isOther = model !== this.#config.model;
    try {
      const next = isOther ? await this.#models.prepare(dir, loaded.at(['model'])) : undefined;
      await this.#change({ ...loaded, config }, pipelines, next);
    } catch (error) {
      // What is wrong with the other bundle may be repaired.
      if (isOther) this.#watchModel(dir, () => this.#reconfigure(loaded));
      throw error;
    }
    this.#models.forgive();
    this.#watchModel(dir);
  }

  /** Takes a bundle into service whenever its files change. */
  #watchModel(dir: string, attempt = () => this.#update(dir)): void {
    if (!this.#options.world) this.#models.watch(dir, () => this.#turns.take(attempt));
  }

  async #update(dir: string): Promise<void> {
    const next = await this.#models.prepare(dir);
    if (next) await this.#change({ config: this.#config, at: this.#at }, this.#pipelines, next);
  }

  /** Exchanges the config, and the model where there is a next one; or throws, and both are as they were. */
  async #change(
    { config: next, at }: Pick<LoadedConfig, 'config' | 'at'>,
    pipelines: ReadonlyMap<string, Pipeline>,
    model: ServedModel | undefined,
  ): Promise<void> {
    const [before, old] = [this.#config, this.#models.current.bundle];
    const bundle = model?.bundle ?? old;
    const gone = stationsToClose(this.#stations.all, { config: before, bundle: old }, { config: next, bundle });
    const isNew = ({ id }: SourceConfig): boolean => !this.#stations.has(id) || gone.some((station) => station.id === id);
    let added: readonly SourceConfig[];
    // All that can fail comes first, and leaves everything as it is.
    try {
      checkSources({ config: next, at }, bundle);
      added = await this.#stations.resolve(next.sources.filter(isNew));
      if (model) this.#models.admit(model);
      [this.#config, this.#at] = [next, at];
      // The rules before the first vector of a new space.
      await this.#alerting.book.configure(next.alerts);
    } catch (error) {
      this.#config = before;
      if (model) await this.#models.dismiss(model, error);
      await this.#transport.release(before.sources);
      throw error;
    }
    await this.#stations.close(gone);
    this.#alerting.forget(gone.map(({ id }) => id));
    this.#pipelines = pipelines;
    if (model) this.#takeOver(model);
    this.#stations.open(added, pipelines);
    this.#recordSession();
    if (JSON.stringify([next.fusion, next.sources]) !== JSON.stringify([before.fusion, before.sources])) this.#fusion.begin(next);
    await this.#transport.release(next.sources);
  }

  /** Everyone is told of the space, then it comes; and again when the space before is over. */
  #takeOver(model: ServedModel): void {
    this.#alerting.enter(model.space.id);
    this.#outlets.spaces();
    const isOver = this.#models.takeOver(model).then(() =>
      this.#turns.take(async () => {
        await this.#alerting.book.refresh();
        this.#outlets.spaces();
      }),
    );
    isOver.catch((error: unknown) => this.#options.log.error({ error: messageOf(error) }, 'the model of before is not gone cleanly'));
  }

  /** Takes a recorded vector whose window began before the recording did. */
  take(embedding: Embedding): void {
    this.#embeddings.next(embedding);
  }

  /** Rules go on from what they knew at a place of a recording. */
  resume(checkpoint: Checkpoint): void {
    this.#alerting.resume(checkpoint);
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

  async #run(): Promise<void> {
    this.#recordSession();
    this.#subscription.add(this.#hostClock.steps$.subscribe((byUs) => this.#recorder?.hostStep(byUs)));
    this.#judge();
    await this.#alerting.start(this.#config.alerts);
    this.#recorder?.learnt(this.#alerting.learnt(RECORDED_BACKGROUND_BYTES));
    this.#recorder?.checkpoints(() => this.#alerting.checkpoint(CHECKPOINT_BYTES));
    if (this.#options.world?.listens !== false) this.#server = await this.#listen();
    this.#stations.open(await this.#stations.resolve(this.#config.sources), this.#pipelines);
    this.#decisionClock.frozenAt(this.#options.world?.decisionClock.nowUs() ?? this.#startedUs, () => this.#fusion.begin(this.#config));
    this.#watchModel(this.#models.current.bundle.dir);
  }

  #listen(): Promise<Server> {
    return listen({ config: this.#config, folder: this.#folder }, this.#options, {
      hub: this.#hub,
      clock: this.#clock,
      log: this.#options.log,
      ledger: this.#ledger,
      collapsed: () => this.#models.collapsed,
      isModelRefused: () => this.#models.refused !== undefined,
      api: {
        status: () => this.#status(),
        ledger: () => this.#ledger.lines(),
        alerts: (after, limit) => this.#alerting.alerts.after(after, limit),
        rules: () => this.#alerting.book.list(),
        putRule: (id, body) => this.#alerting.desk.putRule(id, body, 'http'),
        deleteRule: (id) => this.#alerting.desk.deleteRule(id, 'http'),
        desk: this.#alerting.desk,
        search: (body) => this.#past.search(parseSearch(body)),
        known: (body) => knownWords(body, this.#models.current),
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
    this.#recorder?.session(sessionOf({ ...parts, space: this.#models.current.space }));
  }

  /** THE ALERT MUST BE IN THE LOG. */
  #announce(alert: Alert): void {
    this.#options.world?.onAlert(alert);
    this.#outlets.alert(alert);
  }

  /** Embeddings, single and fused, to the rules; what they say to the clients. */
  #judge(): void {
    const { fused$ } = this.#fusion;
    const judged$ = merge(this.#embeddings, fused$.pipe(map((one): Judged => ({ ...one, modality: 'fused' }))));
    this.#alerting.judge(judged$, this.#options.world?.isMuted);
    this.#subscription.add(this.#embeddings.subscribe((embedding) => this.#outlets.embedding(embedding)));
    this.#subscription.add(fused$.subscribe((one) => this.#outlets.fused(one)));
  }

  #engine(): Engine {
    const { world } = this.#options;
    return {
      ledger: this.#ledger,
      models$: this.#models.models$,
      clock: () => ({ hostSteps$: world?.hostSteps$ ?? this.#hostClock.steps$, ...(world && { placed: world.placed }) }),
      show: (sample) => {
        this.#alerting.see(sample);
        this.#hub.publishSample(sample);
      },
    };
  }

  #status(): object {
    return statusOf({
      server: this.#options.server,
      boot: this.#boot,
      startedUs: this.#startedUs,
      nowUs: this.#clock.nowUs(),
      models: this.#models,
      stations: this.#stations.all,
      rules: this.#alerting.book.list(),
      ...(this.#fusion.newest && { fused: this.#fusion.newest }),
      outputs: this.#outlets.describe(),
      ...(this.#past.state && { memory: this.#past.state }),
      ledger: this.#ledger,
      loopDelay: this.#loopDelay,
      hostClock: this.#hostClock.describe(),
    });
  }

  async #stop(): Promise<void> {
    const { log } = this.#options;
    this.#models.hasten();
    await this.#turns.close();
    await tidy(log, 'inputs', () => this.#stations.stopInputs());
    // What waits is encoded, judged and published before the doors close.
    await tidy(log, 'encoders', () => this.#models.stop());
    await tidy(log, 'pipelines', () => this.#stations.stop());
    this.#fusion.stop();
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

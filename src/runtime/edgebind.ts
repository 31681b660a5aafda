import { randomUUID } from 'node:crypto';
import { map, merge, Subject, Subscription } from 'rxjs';
import type { Engine } from '../../pipelines/engine.ts';
import type { Judged } from '../alerts/active-rule.ts';
import { DecisionClock } from '../core/decision-clock.ts';
import { Ledger } from '../core/ledger.ts';
import { hostClock } from '../core/time.ts';
import type { Alert, Embedding } from '../core/types.ts';
import { Hub } from '../outputs/hub.ts';
import type { Server } from '../outputs/http-server.ts';
import { MqttOutput } from '../outputs/mqtt-output.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Recorder } from '../recording/recorder.ts';
import { Alerting } from './alerting.ts';
import { placed } from './check-sources.ts';
import { namesOf, type LoadedConfig } from './config.ts';
import type { EdgeBindOptions } from './edgebind-options.ts';
import { Exchange, type InForce } from './exchange.ts';
import { HostClockReport } from './host-clock-report.ts';
import { listen } from './listen.ts';
import { knownWords } from './known-words.ts';
import { LiveFusion } from './live-fusion.ts';
import { loadPipelines } from './load-pipelines.ts';
import { LoopDelay } from './loop-delay.ts';
import type { ModelHost } from './model-host.ts';
import { openModels } from './open-models.ts';
import { openState, type State } from './open-state.ts';
import { Outlets } from './outlets.ts';
import { Past } from './past.ts';
import { parseSearch } from './recall.ts';
import { audioRateHz } from './senses.ts';
import { CHECKPOINT_BYTES, RECORDED_BACKGROUND_BYTES, sessionOf, startRecorder, standingAlerts } from './start-recorder.ts';
import { Stations } from './stations.ts';
import { readinessOf, statusOf } from './status.ts';
import { tidy } from './tidy.ts';
import { Transport } from './transport.ts';

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
  readonly #models: ModelHost;
  readonly #hub: Hub;
  readonly #alerting: Alerting;
  readonly #inForce: InForce;
  readonly #exchange: Exchange;
  readonly #transport: Transport;
  readonly #mqtt: MqttOutput | undefined;
  readonly #recorder: Recorder | undefined;
  readonly #outlets: Outlets;
  readonly #past: Past;
  readonly #state: State;
  readonly #fusion: LiveFusion;
  #server: Server | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: EdgeBindOptions, inForce: InForce, models: ModelHost, ledger: Ledger, state: State) {
    const { config, folder } = inForce;
    this.#options = options;
    this.#hostClock = new HostClockReport(hostClock, options.log);
    this.#inForce = inForce;
    this.#models = models;
    this.#ledger = ledger;
    this.#state = state;
    const { world } = options;
    this.#alerting = new Alerting({
      stateDir: state.dir,
      folder,
      models: () => models.inService,
      nameable: () => ({ sources: inForce.config.sources, names: namesOf(inForce.config) }),
      moment: (source, timeUs) => this.#past.moment(source, timeUs),
      remembered: (query) => this.#past.scores(query, this.#clock.nowUs()),
      isThere: (id) => (id === 'fused' ? inForce.config.fusion !== undefined : inForce.config.sources.some((source) => source.id === id)),
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
        const index = inForce.config.alerts.findIndex((rule) => rule.id === id);
        return index < 0 ? error : placed(inForce.at(['alerts', index, 'query']), error);
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
      stateDir: state.dir,
      clock: this.#clock,
      ledger,
      log: options.log,
      sources: () => this.#stations.all.map(({ id }) => id),
      present: () => ({ encoders: models.current.encoders, audioRateHz: audioRateHz(models.current.bundle) }),
    });
    this.#fusion = new LiveFusion({ embeddings$: this.#embeddings, models, clock: this.#decisionClock, world });
    this.#outlets = new Outlets({ hub: this.#hub, past: this.#past, mqtt: this.#mqtt, recorder: this.#recorder });
    this.#stations = new Stations({
      config: () => inForce.config,
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
    this.#exchange = new Exchange({
      inForce,
      models,
      stations: this.#stations,
      alerting: this.#alerting,
      transport: this.#transport,
      outlets: this.#outlets,
      fusion: this.#fusion,
      log: options.log,
      // The models of a replay are those of its recording.
      isWatching: !world,
      onChange: () => this.#recordSession(),
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
    const { config, at, folder } = loaded;
    const inForce: InForce = { config, at, folder, pipelines: await loadPipelines(loaded) };
    let edgebind: EdgeBind | undefined;
    const models = await openModels(loaded, {
      ledger,
      log: options.log,
      config: () => inForce.config,
      encode: () => options.world?.encode ?? (edgebind ? edgebind.#outlets.encode : {}),
    });
    let state: State | undefined;
    try {
      state = await openState(loaded, options.world);
      edgebind = new EdgeBind(options, inForce, models, ledger, state);
      await edgebind.#run();
      return edgebind;
    } catch (error) {
      await (edgebind?.stop() ?? models.stop());
      state?.close();
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
    return this.#exchange.reconfigure(loaded);
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
    const inForce = this.#inForce;
    await this.#alerting.start(inForce.config.alerts);
    this.#recorder?.learnt(this.#alerting.learnt(RECORDED_BACKGROUND_BYTES));
    this.#recorder?.checkpoints(
      () => this.#alerting.checkpoint(CHECKPOINT_BYTES),
      () => standingAlerts(this.#alerting.alerts, this.#clock.nowUs()),
    );
    if (this.#options.world?.listens !== false) this.#server = await this.#listen();
    this.#stations.open(await this.#stations.resolve(inForce.config.sources), inForce.pipelines);
    this.#decisionClock.frozenAt(this.#options.world?.decisionClock.nowUs() ?? this.#startedUs, () => this.#fusion.begin(inForce.config));
    this.#exchange.watch(this.#models.current.bundle.dir);
  }

  #listen(): Promise<Server> {
    return listen(this.#inForce, this.#options, {
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
      config: this.#inForce.config,
      folder: this.#inForce.folder,
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
    await this.#exchange.close();
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
    this.#state.close();
    this.#hostClock.stop();
    this.#loopDelay.stop();
  }
}

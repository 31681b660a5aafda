import { BehaviorSubject, type OperatorFunction } from 'rxjs';
import type { Encoded, EncodeOptions, EncoderHealth, Encoders, JointOptions, JointQuery, SingleInput } from '../core/encoder.ts';
import { messageOf } from '../core/errors.ts';
import type { Fused, FusionTick } from '../core/fused.ts';
import type { Ledger } from '../core/ledger.ts';
import { silentLog, type Log } from '../core/log.ts';
import { hostClock, type Clock } from '../core/time.ts';
import {
  type Embedding,
  type EncodeInput,
  type EncoderModality,
  type Modality,
  type Pcm,
  type Picture,
  type Space,
} from '../core/types.ts';
import type { Bundle } from './bundle.ts';
import { defaultWorkers } from './default-workers.ts';
import { encodeWindows, type Entering } from './encode-windows.ts';
import { FrontEndWorkers, PrepareError } from './front-end-workers.ts';
import { fuseTokens } from './fuse-tokens.ts';
import { FUSION } from './fusion-item.ts';
import type { GraphItem, GraphPlan, OpenedGraph, TokensPlan } from './graph-plan.ts';
import { frontEndPlans, graphPlans } from './graph-plans.ts';
import { InferenceWorkers } from './inference-workers.ts';
import { isLight } from './is-light.ts';
import type { Ticket } from './lane.ts';
import { MOST_ITEMS } from './longest-call.ts';
import { noFusion } from './no-fusion.ts';
import type { SpawnWorker } from './owned-worker.ts';
import { Queries } from './queries.ts';
import { Scheduler } from './scheduler.ts';
import { SourceFusion } from './source-fusion.ts';
import type { TokensBehind } from './token-ring.ts';
import { transferItems } from './transfer.ts';

export interface EncodersOptions {
  /** Threads that run graphs, each with its own sessions. Default: cores - 1, at least 1, and no more than a quarter of the memory holds. */
  readonly workers?: number;
  /** Threads that decode and resize pictures. Default: one for every three workers. */
  readonly frontEndWorkers?: number;
  /** Threads inside one call. Default 1: several calls at once use the cores better. */
  readonly threads?: number;
  /** Execution providers, best first; each graph runs on the first that loads it and answers as it should. Default `['cpu']`. */
  readonly providers?: readonly string[];
  /** Another build of onnxruntime than the package's: a module name or an absolute path. Default: `EDGEBIND_ORT_BINDING`, if set. */
  readonly binding?: string | undefined;
  /** Windows of the same graph that wait anyway go in one call, up to this many, where that changes no bit of the result. Default 4. */
  readonly maxBatch?: number;
  readonly clock?: Clock;
  readonly ledger: Ledger;
  readonly log?: Log;
  /** How threads are made; tests look at them through this. */
  readonly spawn?: SpawnWorker;
}

/**
 * Starts the encoders of a bundle: opens every graph on the best provider that can be trusted with it, checks it, and begins to take
 * windows. A bundle that fails its check never starts.
 *
 * @throws UsageError `MODEL_REFUSED` and others with the reason of each provider; EdgeBindError `ORT_UNAVAILABLE`
 */
export async function startEncoders(bundle: Bundle, options: EncodersOptions): Promise<Encoders> {
  const { log = silentLog, spawn, providers = ['cpu'], threads = 1 } = options;
  const count = options.workers ?? defaultWorkers(bundle);
  const frontEndCount = options.frontEndWorkers ?? Math.ceil(count / 3);
  const frontEnds = await FrontEndWorkers.start({ count: frontEndCount, plans: frontEndPlans(bundle), log, spawn });
  try {
    const plans = await graphPlans(bundle, providers, frontEnds);
    const pool = new EncoderPool({ bundle, options, frontEnds, frontEndCount, plans, count, threads });
    await pool.start();
    return pool;
  } catch (error) {
    await frontEnds.stop();
    throw error;
  }
}

interface PoolParts {
  readonly bundle: Bundle;
  readonly options: EncodersOptions;
  readonly frontEnds: FrontEndWorkers;
  readonly frontEndCount: number;
  readonly plans: readonly GraphPlan[];
  readonly count: number;
  readonly threads: number;
}

class EncoderPool implements Encoders {
  readonly space: Space;
  readonly modalities: readonly EncoderModality[];
  readonly joint: readonly EncoderModality[];
  readonly health$: BehaviorSubject<EncoderHealth>;
  readonly #bundle: Bundle;
  readonly #options: EncodersOptions;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #frontEnds: FrontEndWorkers;
  readonly #workers: InferenceWorkers;
  readonly #scheduler: Scheduler;
  readonly #queries: Queries;
  readonly #collapsed = new Set<string>();
  readonly #plans: readonly GraphPlan[];
  readonly #behind: TokensBehind = new WeakMap();
  #opened: readonly OpenedGraph[] = [];
  #stopped: Promise<void> | undefined;

  constructor({ bundle, options, frontEnds, frontEndCount, plans, count, threads }: PoolParts) {
    this.#bundle = bundle;
    this.#options = options;
    this.#clock = options.clock ?? hostClock;
    this.#log = options.log ?? silentLog;
    this.space = bundle.space;
    this.modalities = [...bundle.entries.keys()];
    this.joint = this.modalities.filter((modality) => bundle.entries.get(modality)?.tokens);
    this.#plans = plans;
    this.#frontEnds = frontEnds;
    this.#scheduler = new Scheduler(
      { clock: this.#clock, prepare: (ticket) => void this.#prepare(ticket), run: (worker, tickets) => this.#run(worker, tickets) },
      { workers: count, frontEnds: frontEndCount, maxBatch: (graph) => this.#maxBatch(graph) },
    );
    this.#queries = new Queries({ bundle, scheduler: this.#scheduler, tokensPlan: (modality) => this.#tokensPlan(modality) });
    this.#workers = new InferenceWorkers({
      verify: () => bundle.verify(),
      count,
      plans,
      frontEnds: frontEndPlans(bundle),
      threads: { intraOp: threads, interOp: 1 },
      binding: options.binding,
      log: this.#log,
      spawn: options.spawn,
      up: (worker) => {
        this.#scheduler.workerUp(worker);
        this.#publish();
      },
      down: (worker) => {
        this.#scheduler.workerDown(worker);
        this.#publish();
      },
      ran: (worker, vectors, ms, prepared) => this.#scheduler.ran(worker, vectors, ms, prepared),
      spent: (buffers) => frontEnds.reuse(buffers),
      failed: (worker, message, reason) => {
        if (reason === undefined) this.#log.warn({ worker, message }, 'a call failed');
        this.#scheduler.runFailed(worker, reason ?? 'failed', message);
      },
    });
    this.health$ = new BehaviorSubject(this.#health());
  }

  async start(): Promise<void> {
    try {
      this.#opened = await this.#workers.start();
    } catch (error) {
      await this.#workers.stop();
      throw error;
    }
    for (const { key, runMs } of this.#opened) this.#scheduler.expect(key, runMs);
    this.#publish();
  }

  encode(source: string, options: EncodeOptions = {}): OperatorFunction<EncodeInput, Embedding> {
    return (windows$) =>
      encodeWindows(windows$, {
        source,
        options,
        space: this.space,
        scheduler: this.#scheduler,
        ledger: this.#options.ledger,
        log: this.#log,
        enter: (input) => this.#enter(input),
        fusing: (modality) => this.#fusing(source, modality, options),
        collapse: (isCollapsed) => this.#collapse(source, isCollapsed),
      });
  }

  fuse(options: JointOptions = {}): OperatorFunction<FusionTick, Fused> {
    const terms = this.#bundle.fusion;
    if (!terms) throw noFusion(this.#bundle);
    return (ticks$) =>
      fuseTokens(ticks$, {
        terms,
        space: this.space.id,
        scheduler: this.#scheduler,
        ledger: this.#options.ledger,
        log: this.#log,
        options,
        behind: this.#behind,
      });
  }

  embedText(prompt: string): Promise<Float32Array> {
    return this.#queries.text(prompt);
  }

  embedInput(modality: Modality, input: SingleInput, signal?: AbortSignal): Promise<Encoded> {
    return this.#queries.input(modality, input, signal);
  }

  embedTogether(inputs: JointQuery): Promise<Float32Array> {
    return this.#queries.together(inputs);
  }

  async embedPicture(picture: Picture, signal?: AbortSignal): Promise<Float32Array> {
    return (await this.#queries.input('image', { picture }, signal)).vector;
  }

  embedSound(sound: Pcm, signal?: AbortSignal): Promise<Float32Array> {
    return this.#queries.sound(sound, signal);
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    return this.#stopped;
  }

  async #drain(): Promise<void> {
    await this.#scheduler.stop();
    await Promise.all([this.#workers.stop(), this.#frontEnds.stop()]);
    this.health$.complete();
  }

  #tokensPlan(modality: EncoderModality): TokensPlan | undefined {
    return this.#plans.find(({ key }) => key === modality)?.tokens;
  }

  #fusing(source: string, modality: Modality, options: EncodeOptions): SourceFusion | undefined {
    const plan = this.#tokensPlan(modality);
    if (!plan) return undefined;
    const [scheduler, behind] = [this.#scheduler, this.#behind];
    return new SourceFusion({ source, modality, plan, options, scheduler, ledger: this.#options.ledger, behind });
  }

  #enter(input: EncodeInput): Entering {
    const entry = this.#bundle.entries.get(input.modality);
    if (!entry || !('shape' in entry.input)) return { reason: 'noEncoder' };
    if ('picture' in input) return { raw: { kind: 'picture', picture: input.picture }, isLight: isLight(input.picture) };
    const { name, shape } = entry.input;
    const { data } = input.tensor;
    if (data.length !== shape.reduce((product, size) => product * size, 1)) return { reason: 'badTensor' };
    return { item: [{ name, dims: shape, data }] };
  }

  async #prepare(ticket: Ticket): Promise<void> {
    const { graph, raw } = ticket.job;
    if (!raw) {
      this.#scheduler.prepareFailed(ticket, 'failed');
      return;
    }
    try {
      const { item, ms } = await this.#frontEnds.prepare(graph, raw);
      this.#scheduler.prepared(ticket, item, ms);
    } catch (error) {
      this.#scheduler.prepareFailed(ticket, error instanceof PrepareError ? error.reason : 'failed', messageOf(error));
    }
  }

  #run(worker: number, tickets: readonly Ticket[]): void {
    const { graph = '', raw, item } = tickets[0]?.job ?? {};
    if (raw && !item) {
      this.#workers.runRaw(worker, graph, raw, this.#frontEnds.spare(graph));
      return;
    }
    const items: GraphItem[] = [];
    const buffers: ArrayBuffer[] = [];
    for (const { job } of tickets) {
      if (!job.item) continue;
      job.observe?.(job.item);
      // A tensor that came with its window is copied: its maker may hold on to it.
      const given = transferItems([job.item], job.raw !== undefined || job.graph === FUSION);
      delete job.item;
      items.push(...given.items);
      buffers.push(...given.transfer);
    }
    this.#workers.run(worker, graph, items, buffers);
  }

  #maxBatch(graph: string): number {
    // The items of the fusion graph are of any length, each its own.
    const batch = graph === FUSION ? 1 : (this.#opened.find(({ key }) => key === graph)?.batch ?? 1);
    return Math.min(batch, this.#options.maxBatch ?? MOST_ITEMS);
  }

  #collapse(source: string, isCollapsed: boolean): void {
    if (this.#collapsed.has(source) === isCollapsed) return;
    if (isCollapsed) this.#collapsed.add(source);
    else this.#collapsed.delete(source);
    if (isCollapsed) this.#log.error({ source }, 'embeddings no longer differ although the inputs do; alerts of this source mean nothing');
    else this.#log.info({ source }, 'embeddings differ again');
    this.#publish();
  }

  #publish(): void {
    if (!this.#stopped) this.health$.next(this.#health());
  }

  #health(): EncoderHealth {
    return {
      workers: this.#workers.count,
      restarts: this.#workers.restarts + this.#frontEnds.restarts,
      collapsed: [...this.#collapsed],
      providers: Object.fromEntries(this.#opened.map(({ key, won, refused }) => [key, { won, refused }])),
    };
  }
}

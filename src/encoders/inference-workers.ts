import { Backoff } from '../core/backoff.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { GraphItem, GraphPlan, OpenedGraph, SessionThreads } from './graph-plan.ts';
import { OwnedWorker, type SpawnWorker } from './owned-worker.ts';
import type { RawInput } from './job.ts';
import { transferRaw } from './transfer.ts';
import type { FromInferenceWorker, FrontEndPlan, Prepared, ToInferenceWorker } from './worker-messages.ts';

export interface InferenceWorkersOptions {
  readonly count: number;
  readonly plans: readonly GraphPlan[];
  /** For pictures that a worker prepares itself. */
  readonly frontEnds: readonly FrontEndPlan[];
  readonly threads: SessionThreads;
  /** Asked before a graph is opened again: whether its files are still those that were verified. */
  readonly verify: () => Promise<void>;
  /** See `loadOrt`. */
  readonly binding?: string | undefined;
  readonly log: Log;
  readonly spawn?: SpawnWorker | undefined;
  /** A worker can take calls. */
  readonly up: (worker: number) => void;
  /** A worker is gone, and the calls that it was given. */
  readonly down: (worker: number) => void;
  readonly ran: (worker: number, vectors: Float32Array, ms: number, prepared?: Prepared) => void;
  /** `reason`: the input was refused, as a word of the ledger. */
  readonly failed: (worker: number, message: string, reason?: string) => void;
  /** Buffers that a call no longer needs. */
  readonly spent: (buffers: readonly ArrayBuffer[]) => void;
}

type Inference = OwnedWorker<ToInferenceWorker, FromInferenceWorker>;

/** The threads that run graphs, numbered from 0; one that crashes is replaced after a pause. */
export class InferenceWorkers {
  readonly #options: InferenceWorkersOptions;
  /** Plans for all but the first worker: only the provider that won, which has been checked. */
  #plans: readonly GraphPlan[] = [];
  readonly #workers: (Inference | undefined)[] = [];
  readonly #retries = new Set<() => void>();
  #isStopping = false;
  #restarts = 0;

  constructor(options: InferenceWorkersOptions) {
    this.#options = options;
    this.#plans = options.plans;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Workers that are there, opening or open. */
  get count(): number {
    return this.#workers.filter(Boolean).length;
  }

  /**
   * Starts the first worker, which climbs the provider ladder and checks every graph, then the others on the providers that won.
   *
   * @throws UsageError with the reason where a graph cannot be trusted
   */
  async start(): Promise<readonly OpenedGraph[]> {
    const opened = await this.#open(0);
    this.#plans = this.#options.plans.map((plan) => {
      const won = opened.find(({ key }) => key === plan.key)?.won;
      return { ...plan, providers: won === undefined ? plan.providers : [won], isTrusted: true };
    });
    await Promise.all(Array.from({ length: this.#options.count - 1 }, (_, i) => this.#open(i + 1)));
    for (let worker = 0; worker < this.#options.count; worker++) this.#options.up(worker);
    return opened;
  }

  run(worker: number, graph: string, items: readonly GraphItem[], transfer: ArrayBuffer[]): void {
    this.#workers[worker]?.post({ kind: 'run', graph, items }, transfer);
  }

  /** A picture that the worker prepares itself. The caller's arrays stay; `spare` is given away. */
  runRaw(worker: number, graph: string, raw: RawInput, spare: ArrayBuffer | undefined): void {
    const given = transferRaw(raw);
    this.#workers[worker]?.post({ kind: 'runRaw', graph, raw: given.raw, spare }, spare ? [...given.transfer, spare] : given.transfer);
  }

  /** Ends every worker after the call that it is in. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
    await Promise.all(this.#workers.flatMap((worker) => worker?.stop({ kind: 'stop' }) ?? []));
  }

  #open(index: number): Promise<readonly OpenedGraph[]> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const worker: Inference = new OwnedWorker<ToInferenceWorker, FromInferenceWorker>(
        'inference-worker',
        {
          message: (message) => {
            switch (message.kind) {
              case 'ran': {
                this.#options.ran(index, message.vectors, message.ms, message.prepared);
                // Only now: what was prepared lies in one of them.
                this.#options.spent(message.spent);
                return;
              }
              case 'failed': {
                this.#options.failed(index, message.message, message.reason);
                return;
              }
              case 'opened':
                isOpen = true;
                {
                  resolve(message.graphs);
                  return;
                }
              case 'refused':
                this.#workers[index] = undefined;
                void worker.stop({ kind: 'stop' });
                {
                  reject(
                    message.code === 'ORT_UNAVAILABLE'
                      ? new EdgeBindError(message.code, message.message)
                      : new UsageError(message.code, message.message),
                  );
                  return;
                }
            }
          },
          lost: (reason) => {
            this.#workers[index] = undefined;
            if (!isOpen) {
              reject(new EdgeBindError('WORKER_CRASHED', `an inference worker ended while it loaded its models: ${reason}`));
              return;
            }
            this.#options.down(index);
            this.#replace(index, reason, new Backoff());
          },
        },
        this.#options.spawn,
      );
      this.#workers[index] = worker;
      const { frontEnds, threads, binding } = this.#options;
      worker.post({ kind: 'open', plans: this.#plans, frontEnds, threads, binding });
    });
  }

  #replace(index: number, reason: string, backoff: Backoff): void {
    if (this.#isStopping) return;
    const delayMs = backoff.next();
    this.#restarts++;
    this.#options.log.error({ worker: index, reason, delayMs }, 'an inference worker crashed; it is replaced');
    const cancel = hostClock.after(delayMs, () => {
      this.#retries.delete(cancel);
      const opened = this.#options.verify().then(() => this.#open(index));
      opened.then(
        () => {
          if (!this.#isStopping) this.#options.up(index);
        },
        (error: unknown) => this.#replace(index, error instanceof Error ? error.message : String(error), backoff),
      );
    });
    this.#retries.add(cancel);
  }
}

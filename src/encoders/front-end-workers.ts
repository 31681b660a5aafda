import { Backoff } from '../core/backoff.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import type { RawInput } from './job.ts';
import { OwnedWorker, type SpawnWorker } from './owned-worker.ts';
import { SpareBuffers } from '../core/spare-buffers.ts';
import { transferRaw } from './transfer.ts';
import type { FromFrontEndWorker, FrontEndPlan, Prepared, ToFrontEndWorker } from './worker-messages.ts';

/** A front end refused its input, or its thread was lost. */
export class PrepareError extends EdgeBindError {
  /** A word of the ledger, e.g. `badPicture`. */
  readonly reason: string;

  constructor(reason: string, message: string) {
    super('FRONT_END_FAILED', message);
    this.reason = reason;
  }
}

export interface FrontEndWorkersOptions {
  readonly count: number;
  readonly plans: readonly FrontEndPlan[];
  readonly log: Log;
  readonly spawn?: SpawnWorker | undefined;
}

interface Pending {
  readonly resolve: (prepared: Prepared) => void;
  readonly reject: (error: PrepareError) => void;
}

interface Member {
  readonly worker: OwnedWorker<ToFrontEndWorker, FromFrontEndWorker>;
  readonly pending: Map<number, Pending>;
}

/** The threads that decode and resize pictures, cut up sound and tokenise text; one that crashes is replaced after a pause. */
export class FrontEndWorkers {
  readonly #options: FrontEndWorkersOptions;
  readonly #members: (Member | undefined)[] = [];
  readonly #retries = new Set<() => void>();
  readonly #spares = new SpareBuffers();
  /** Bytes of each graph's input, where it is always the same. */
  readonly #inputBytes: ReadonlyMap<string, number>;
  #isStopping = false;
  #ids = 0;
  #restarts = 0;

  private constructor(options: FrontEndWorkersOptions) {
    this.#options = options;
    this.#inputBytes = new Map(
      options.plans.flatMap(({ modality, input: { shape } }) => (shape ? [[modality, 4 * shape.reduce((a, b) => a * b, 1)]] : [])),
    );
  }

  /** @throws UsageError where a tokenizer cannot be loaded */
  static async start(options: FrontEndWorkersOptions): Promise<FrontEndWorkers> {
    const workers = new FrontEndWorkers(options);
    try {
      await Promise.all(Array.from({ length: options.count }, (_, i) => workers.#open(i)));
    } catch (error) {
      await workers.stop();
      throw error;
    }
    return workers;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /**
   * The graph's input for a raw input, by the least busy thread. The caller's arrays stay.
   *
   * @throws PrepareError (as a rejection)
   */
  prepare(graph: string, raw: RawInput): Promise<Prepared> {
    return new Promise((resolve, reject) => {
      const member = this.#members.filter((candidate) => candidate !== undefined).sort((a, b) => a.pending.size - b.pending.size)[0];
      if (!member) {
        reject(new PrepareError('workerCrashed', 'no front-end worker is up'));
        return;
      }
      const id = this.#ids++;
      const given = transferRaw(raw);
      member.pending.set(id, { resolve, reject });
      const spare = raw.kind === 'picture' ? this.spare(graph) : undefined;
      member.worker.post({ kind: 'prepare', id, graph, raw: given.raw, spare }, spare ? [...given.transfer, spare] : given.transfer);
    });
  }

  /** A buffer in which to make the input of a graph, where one is left over. */
  spare(graph: string): ArrayBuffer | undefined {
    return this.#spares.take(this.#inputBytes.get(graph) ?? 0);
  }

  /** Takes buffers of inputs that have been read; later ones are made in them. */
  reuse(buffers: readonly ArrayBuffer[]): void {
    this.#spares.add(buffers);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const cancel of this.#retries) cancel();
    this.#retries.clear();
    await Promise.all(this.#members.flatMap((member) => member?.worker.stop({ kind: 'stop' }) ?? []));
  }

  #open(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let isOpen = false;
      const pending = new Map<number, Pending>();
      const worker = new OwnedWorker<ToFrontEndWorker, FromFrontEndWorker>(
        'front-end-worker',
        {
          message: (message) => {
            switch (message.kind) {
              case 'opened':
                isOpen = true;
                this.#members[index] = { worker, pending };
                {
                  resolve();
                  return;
                }
              case 'refused':
                void worker.stop({ kind: 'stop' });
                {
                  reject(new UsageError(message.code, message.message));
                  return;
                }
              case 'prepared':
                pending.get(message.id)?.resolve(message);
                pending.delete(message.id);
                return;
              case 'failed':
                pending.get(message.id)?.reject(new PrepareError(message.reason, message.message));
                pending.delete(message.id);
                return;
            }
          },
          lost: (reason) => {
            if (!isOpen) {
              reject(new EdgeBindError('WORKER_CRASHED', `a front-end worker ended while it started: ${reason}`));
              return;
            }
            this.#members[index] = undefined;
            for (const { reject: fail } of pending.values()) fail(new PrepareError('workerCrashed', reason));
            this.#replace(index, reason, new Backoff());
          },
        },
        this.#options.spawn,
      );
      worker.post({ kind: 'open', plans: this.#options.plans });
    });
  }

  #replace(index: number, reason: string, backoff: Backoff): void {
    if (this.#isStopping) return;
    const delayMs = backoff.next();
    this.#restarts++;
    this.#options.log.error({ worker: index, reason, delayMs }, 'a front-end worker crashed; it is replaced');
    const cancel = hostClock.after(delayMs, () => {
      this.#retries.delete(cancel);
      this.#open(index).catch((error: unknown) => this.#replace(index, error instanceof Error ? error.message : String(error), backoff));
    });
    this.#retries.add(cancel);
  }
}

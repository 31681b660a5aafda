import { Worker } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';

/**
 * A worker's short-lived objects are small, its tensors lie outside the heap: without a limit V8 lets a thread's young generation grow to
 * 48 MB before it looks for garbage.
 */
const YOUNG_MB = 4;

export type SpawnWorker = (url: URL) => Worker;

/**
 * The URL of a worker's compiled file beside the module that asks. A thread cannot load TypeScript on Node 20, so sources that run as
 * they are (in tests) use the last build.
 */
export function workerUrl(name: string): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/encoders/' : './';
  return new URL(`${folder}${name}.js`, import.meta.url);
}

const youngWorker: SpawnWorker = (url) =>
  new Worker(url, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB, stackSizeMb: stackMb() } });

/** What V8 gives a thread, and what onnxruntime needs for each byte of the command line: it searches that with a regular expression, one call a byte. */
const [STACK_MB, STACK_BYTES_PER_BYTE] = [4, 700];

/** With the usual stack `edgebind embed *.jpg` of a few hundred files would end in a segmentation fault. Memory that is not used costs nothing. */
const stackMb = (): number => STACK_MB + Math.ceil((Buffer.byteLength(process.argv.join(' ')) * STACK_BYTES_PER_BYTE) / 2 ** 20);

export interface OwnedWorkerEvents<Out> {
  readonly message: (message: Out) => void;
  /** The thread ended without being told to; every answer that it owes is lost. */
  readonly lost: (reason: string) => void;
}

/** A thread with one owner. It is stopped by asking, never by force. */
export class OwnedWorker<In extends { readonly kind: string }, Out> {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #isStopping = false;

  constructor(name: string, events: OwnedWorkerEvents<Out>, spawn: SpawnWorker = youngWorker) {
    let reason = '';
    this.#worker = spawn(workerUrl(name));
    this.#worker.on('message', events.message);
    this.#worker.on('error', (error: unknown) => {
      reason = messageOf(error);
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', (code) => {
        if (!this.#isStopping) events.lost(reason || `ended with code ${code}`);
        resolve();
      });
    });
  }

  /** Sends a message; the buffers in `transfer` are given away, not copied. */
  post(message: In, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Asks the thread to end after what it has been sent; resolves when it has. */
  stop(message: In): Promise<void> {
    if (!this.#isStopping) {
      this.#isStopping = true;
      this.#worker.postMessage(message);
    }
    return this.#ended;
  }
}

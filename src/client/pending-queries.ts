import { EdgeBindError } from '../core/errors.ts';
import type { Hit } from '../core/wire.ts';

interface Pending {
  readonly resolve: (hits: Hit[]) => void;
  readonly reject: (error: Error) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** Queries that wait for their answers. */
export class PendingQueries {
  readonly #timeoutMs: number;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  start(): { readonly id: string; readonly hits: Promise<Hit[]> } {
    this.#count += 1;
    const id = `q${this.#count}`;
    const hits = new Promise<Hit[]>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.fail(id, new EdgeBindError('QUERY_TIMEOUT', `no answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
    });
    return { id, hits };
  }

  succeed(id: string, hits: readonly Hit[]): void {
    this.#take(id)?.resolve([...hits]);
  }

  /** False where no query of that id waits. */
  fail(id: string, error: Error): boolean {
    const pending = this.#take(id);
    pending?.reject(error);
    return pending !== undefined;
  }

  failAll(error: Error): void {
    for (const id of [...this.#pending.keys()]) this.fail(id, error);
  }

  #take(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }
}

import type { Subscriber } from 'rxjs';

/** One part of a relay. */
export interface Leg<Out> {
  /** Results that wait for an older part to end. */
  readonly held: number;
  next(result: Out): void;
  complete(): void;
}

interface Runner<Out> {
  readonly held: Out[];
  isDone: boolean;
}

/** Puts the results of parts that follow each other, and work side by side for a while, in order: all of the first, then all of the next. */
export class Relay<Out> {
  readonly #subscriber: Subscriber<Out>;
  /** Oldest first. */
  readonly #runners: Runner<Out>[] = [];
  #isClosed = false;

  constructor(subscriber: Subscriber<Out>) {
    this.#subscriber = subscriber;
  }

  /** The next part. */
  leg(): Leg<Out> {
    const runner: Runner<Out> = { held: [], isDone: false };
    this.#runners.push(runner);
    return {
      get held() {
        return runner.held.length;
      },
      next: (result) => {
        runner.held.push(result);
        if (runner === this.#runners[0]) this.#flush();
      },
      complete: () => {
        runner.isDone = true;
        this.#flush();
      },
    };
  }

  /** No part comes any more: all is complete when the last one is. */
  close(): void {
    this.#isClosed = true;
    this.#flush();
  }

  #flush(): void {
    for (let first = this.#runners[0]; first; first = this.#runners[0]) {
      for (let one = first.held.shift(); one !== undefined; one = first.held.shift()) this.#subscriber.next(one);
      if (!first.isDone) return;
      this.#runners.shift();
    }
    if (this.#isClosed) this.#subscriber.complete();
  }
}

/** Does one thing after the other, each when all before it are over, well or badly. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** Resolves or rejects as `step` does; what has not begun when `close` is called is not begun any more. */
  async take(step: () => Promise<void>): Promise<void> {
    const done = this.#last.then(() => (this.#isClosed ? undefined : step()));
    this.#last = done.catch(() => undefined);
    await done;
  }

  /** Resolves when what has begun is over. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#last;
  }
}

/**
 * Where a client stands in the server's alerts, so that across reconnects none is lost or delivered twice.
 */
export class AlertPosition {
  #cursor: number | undefined;
  #awaitedResumes = 0;

  constructor(cursor?: number) {
    this.#cursor = cursor;
  }

  get cursor(): number | undefined {
    return this.#cursor;
  }

  /** What to resume from on a new connection. A server whose alerts end before ours has begun a new log: all of it is news. */
  onHello(newest: number): number {
    this.#awaitedResumes = 1;
    if (this.#cursor === undefined) this.#cursor = newest;
    else if (this.#cursor > newest) this.#cursor = 0;
    return this.#cursor;
  }

  resume(cursor: number): void {
    this.#cursor = cursor;
    this.#awaitedResumes += 1;
  }

  /** The server says from where it goes on: after a resume, or for the first subscription of a connection. */
  onAck({ ref, cursor }: { readonly ref: string; readonly cursor?: number }): void {
    if (ref === 'resume') this.#awaitedResumes = Math.max(0, this.#awaitedResumes - 1);
    else if (cursor !== undefined) this.#cursor ??= cursor;
  }

  /** Whether to deliver an alert. What was under way before a resume was acknowledged comes again after it. */
  isNew(cursor: number): boolean {
    if (this.#awaitedResumes > 0 || cursor <= (this.#cursor ?? 0)) return false;
    this.#cursor = cursor;
    return true;
  }
}

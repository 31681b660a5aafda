/** What is kept at most; more windows are rarely between a front end and its graph. */
const MOST = 8;
/** Smaller ones are not worth the way back. */
const LEAST_BYTES = 65_536;

/**
 * Buffers of inputs that graphs have read, to be filled again. An input is up to a megabyte that lies outside V8's heap: left to the
 * garbage collector, some 64 MB of them would wait in each thread.
 */
export class SpareBuffers {
  readonly #spares: ArrayBuffer[] = [];

  /** Keeps the newest; what is small, or gone to another thread, is left out. */
  add(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) if (buffer.byteLength >= LEAST_BYTES) this.#spares.push(buffer);
    if (this.#spares.length > MOST) this.#spares.splice(0, this.#spares.length - MOST);
  }

  /** One of exactly so many bytes, with whatever is in it. */
  take(bytes: number): ArrayBuffer | undefined {
    const at = this.#spares.findIndex(({ byteLength }) => byteLength === bytes);
    return at < 0 ? undefined : this.#spares.splice(at, 1)[0];
  }
}

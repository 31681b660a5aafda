/** What is kept at most; more windows are rarely between a front end and its graph. */
const MOST = 8;
const MOST_BYTES = 16 * 2 ** 20;
/** Smaller ones are not worth the way back. */
const LEAST_BYTES = 65_536;

/**
 * Buffers of inputs that graphs have read, and of pictures that are inputs by now, to be filled again. One is up to some megabytes that
 * lie outside V8's heap: left to the garbage collector, some 64 MB of them would wait in each thread.
 */
export class SpareBuffers {
  readonly #spares: ArrayBuffer[] = [];

  /** Keeps the newest; what is small, very large, or gone to another thread, is left out. */
  add(buffers: readonly ArrayBuffer[]): void {
    for (const buffer of buffers) if (buffer.byteLength >= LEAST_BYTES && buffer.byteLength <= MOST_BYTES) this.#spares.push(buffer);
    let bytes = this.#spares.reduce((sum, { byteLength }) => sum + byteLength, 0);
    while (this.#spares.length > MOST || bytes > MOST_BYTES) bytes -= this.#spares.shift()?.byteLength ?? 0;
  }

  /** One of exactly so many bytes, with whatever is in it. */
  take(bytes: number): ArrayBuffer | undefined {
    const at = this.#spares.findIndex(({ byteLength }) => byteLength === bytes);
    return at < 0 ? undefined : this.#spares.splice(at, 1)[0];
  }
}

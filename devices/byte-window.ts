/** Above this an emptied window gives its memory back. */
const KEEP_BYTES = 1 << 20;
const FIRST_BYTES = 4096;

/**
 * The bytes of a stream that have come but are not yet understood, in one growing buffer: pushed at the end, dropped from the
 * start. Both cost constant time per byte however the stream is cut. It holds the newest chunk and what the reader left of
 * earlier ones; a reader that never leaves more than one maximal frame bounds it.
 */
export class ByteWindow {
  #data: Uint8Array = new Uint8Array(FIRST_BYTES);
  #from = 0;
  #to = 0;

  /** The buffer itself; only `[from, to)` of it means anything, and only until the next `push`. */
  get data(): Uint8Array {
    return this.#data;
  }

  get from(): number {
    return this.#from;
  }

  get to(): number {
    return this.#to;
  }

  get length(): number {
    return this.#to - this.#from;
  }

  push(chunk: Uint8Array): void {
    if (this.#to + chunk.length > this.#data.length) this.#makeRoom(this.length + chunk.length);
    this.#data.set(chunk, this.#to);
    this.#to += chunk.length;
  }

  drop(bytes: number): void {
    this.#from += bytes;
    if (this.#from < this.#to) return;
    this.#from = 0;
    this.#to = 0;
    if (this.#data.length > KEEP_BYTES) this.#data = new Uint8Array(FIRST_BYTES);
  }

  #makeRoom(needed: number): void {
    const live = this.#data.subarray(this.#from, this.#to);
    // Moving in place only where it frees at least half keeps the cost of moving below the bytes pushed since the last move.
    if (needed <= this.#data.length / 2) this.#data.copyWithin(0, this.#from, this.#to);
    else {
      const grown = new Uint8Array(Math.max(needed, this.#data.length * 2));
      grown.set(live);
      this.#data = grown;
    }
    this.#to -= this.#from;
    this.#from = 0;
  }
}

import { assembled } from './byte-dots-kernel.ts';

/** What `byte-dots-kernel.wat` exports. Addresses are bytes of its memory. */
interface Kernel {
  readonly memory: WebAssembly.Memory;
  readonly dots: (query: number, eights: number, row: number, stride: number, fours: number, sums: number) => void;
}

const kernelModule = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
const PAGE = 65_536;
/** Rows go through in pieces of so many bytes: they stay in the processor's cache. */
const PIECE = 131_072;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * Dot products of a vector of bytes with many, by SIMD in WebAssembly: of 256 numbers some 20 times as many a second as a loop in
 * JavaScript (`npm run bench -- search`). Sums of up to 130,000 products are right.
 */
export class ByteDots {
  readonly dim: number;
  /** What is multiplied: rows are put here, e.g. read from a file, before `ofRoom` is called. */
  readonly room: Uint8Array;
  readonly #kernel: Kernel;
  readonly #query: Int16Array;
  readonly #sums: Int32Array;

  /** @param bytes of the room; at least one row fits */
  constructor(dim: number, bytes: number = PIECE) {
    this.dim = dim;
    const size = Math.max(bytes, 4 * dim);
    const sums = Math.ceil(size / dim) + 4;
    const sumsAt = roundUp(2 * roundUp(dim, 8), 16);
    const roomAt = roundUp(sumsAt + 4 * sums, 16);
    this.#kernel = new WebAssembly.Instance(kernelModule).exports as unknown as Kernel;
    // Behind the room three rows that nobody wants, with what lies between them.
    this.#kernel.memory.grow(Math.ceil((roomAt + size + 3 * (2 * dim + PAGE)) / PAGE));
    const { buffer } = this.#kernel.memory;
    this.#query = new Int16Array(buffer, 0, roundUp(dim, 8));
    this.#sums = new Int32Array(buffer, sumsAt, sums);
    this.room = new Uint8Array(buffer, roomAt, size);
  }

  /** The vector that is multiplied with all rows from now on. */
  ask(query: Int8Array): void {
    this.#query.set(query);
  }

  /** The products with rows in the room, `stride` bytes from one to the next. THE ARRAY IS REUSED. */
  ofRoom(count: number, stride: number = this.dim, offset = 0): Int32Array {
    if (offset + (count - 1) * stride + this.dim > this.room.length) throw new RangeError(`${count} rows of ${stride} bytes do not fit`);
    const { byteOffset } = this.#query;
    if (count > 0) {
      const row = this.room.byteOffset + offset;
      this.#kernel.dots(byteOffset, this.#query.length / 8, row, stride, Math.ceil(count / 4), this.#sums.byteOffset);
    }
    return this.#sums.subarray(0, count);
  }

  /** The products with rows that lie one behind the other anywhere. */
  of(rows: Int8Array, count: number, out: Int32Array): void {
    const { dim } = this;
    const atOnce = Math.floor(this.room.length / dim);
    for (let from = 0; from < count; from += atOnce) {
      const to = Math.min(count, from + atOnce);
      this.room.set(rows.subarray(from * dim, to * dim));
      out.set(this.ofRoom(to - from), from);
    }
  }
}

import { assembled } from './dot-products.ts';

/** What `dot-products.wat` exports. Addresses are bytes of its memory. */
interface DotProducts {
  readonly memory: WebAssembly.Memory;
  readonly dots: (rows: number, fours: number, vector: number, bytes: number, out: number) => void;
}

const dotProducts = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
const PAGE = 65_536;

/** Vectors of one length, one after the other in memory, for products with all of them at once. */
export class PackedVectors {
  readonly dim: number;
  readonly count: number;
  readonly #dots: DotProducts['dots'];
  readonly #vector: Float32Array;
  readonly #out: Float32Array;
  /** Bytes of each row, zeros behind its numbers included. */
  readonly #bytes: number;

  /** @param vectors all of `dim` numbers, at least one; an absent one is zero */
  constructor(vectors: readonly (Float32Array | undefined)[], dim: number) {
    this.dim = dim;
    this.count = vectors.length;
    this.#bytes = 16 * Math.ceil(dim / 4);
    const { memory, dots } = new WebAssembly.Instance(dotProducts).exports as unknown as DotProducts;
    this.#dots = dots;
    // The vector, the products, the rows: four times a whole number of the latter two.
    const out = this.#bytes;
    const rows = out + 16 * this.#fours;
    const missing = rows + 4 * this.#fours * this.#bytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE));
    this.#vector = new Float32Array(memory.buffer, 0, dim);
    this.#out = new Float32Array(memory.buffer, out, this.count);
    for (const [row, vector] of vectors.entries()) if (vector) new Float32Array(memory.buffer, rows + row * this.#bytes, dim).set(vector);
  }

  /** The dot product of each with a vector of `dim` numbers, in float32. REUSED by the next call. */
  dots(vector: Float32Array): Float32Array {
    this.#vector.set(vector);
    const out = this.#bytes;
    if (this.count > 0) this.#dots(out + 16 * this.#fours, this.#fours, 0, this.#bytes, out);
    return this.#out;
  }

  get #fours(): number {
    return Math.ceil(this.count / 4);
  }
}

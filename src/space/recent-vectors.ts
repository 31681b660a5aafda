import { quantise } from './search/quantise.ts';

/** Windows kept of each source: half an hour at two a second. */
const KEPT = 4096;
/** The ring begins small and grows up to `KEPT`: most sources are slow. */
const FIRST = 256;

/** A moment that is over: its unit vector times how sure its encoder was, so that a product with a query is what the query scored. */
export interface PastVector {
  readonly startUs: number;
  readonly endUs: number;
  readonly vector: Float32Array;
}

/**
 * The newest unit vectors of one source, in a byte for each number: a new rule learns its background from them at once, and a rule can be
 * tried on them. A cosine with a unit vector is off by some 0.0005 (measured on random vectors of 256 numbers).
 */
export class RecentVectors {
  readonly #dim: number;
  #bytes: Int8Array;
  #scales: Float32Array;
  #times: Float64Array;
  #count = 0;
  #next = 0;

  constructor(dim: number) {
    this.#dim = dim;
    this.#bytes = new Int8Array(FIRST * dim);
    this.#scales = new Float32Array(FIRST);
    this.#times = new Float64Array(2 * FIRST);
  }

  push(startUs: number, endUs: number, vector: Float32Array, confidence = 1): void {
    if (vector.length !== this.#dim) return;
    if (this.#next === this.#scales.length && this.#next < KEPT) this.#grow();
    const at = this.#next % this.#scales.length;
    this.#scales[at] = confidence * quantise(vector, this.#bytes.subarray(at * this.#dim, (at + 1) * this.#dim));
    this.#times[2 * at] = startUs;
    this.#times[2 * at + 1] = endUs;
    this.#next = at + 1;
    this.#count = Math.min(this.#count + 1, this.#scales.length);
  }

  /** Oldest first. THE VECTOR IS REUSED: copy it to keep it. */
  *all(): Iterable<PastVector> {
    const size = this.#scales.length;
    const vector = new Float32Array(this.#dim);
    for (let i = 0; i < this.#count; i++) {
      const at = (this.#next - this.#count + i + size) % size;
      const scale = this.#scales[at] ?? 0;
      for (let j = 0; j < this.#dim; j++) vector[j] = scale * (this.#bytes[at * this.#dim + j] ?? 0);
      yield { startUs: this.#times[2 * at] ?? 0, endUs: this.#times[2 * at + 1] ?? 0, vector };
    }
  }

  #grow(): void {
    const size = Math.min(KEPT, 2 * this.#scales.length);
    const bytes = new Int8Array(size * this.#dim);
    const scales = new Float32Array(size);
    const times = new Float64Array(2 * size);
    bytes.set(this.#bytes);
    scales.set(this.#scales);
    times.set(this.#times);
    this.#bytes = bytes;
    this.#scales = scales;
    this.#times = times;
  }
}

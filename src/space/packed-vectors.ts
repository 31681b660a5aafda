/** Vectors of one length, one after the other in memory, for products with all of them at once. */
export class PackedVectors {
  readonly dim: number;
  readonly count: number;
  readonly #rows: Float32Array;
  readonly #vector: Float64Array;

  /** @param vectors all of `dim` numbers; an absent one is zero */
  constructor(vectors: readonly (Float32Array | undefined)[], dim: number) {
    this.dim = dim;
    this.count = vectors.length;
    this.#rows = new Float32Array(vectors.length * dim);
    this.#vector = new Float64Array(dim);
    for (const [row, vector] of vectors.entries()) if (vector) this.#rows.set(vector, row * dim);
  }

  /** The dot product of each with a vector of `dim` numbers. Four rows at a time: each number of the vector is read once for four products. */
  dots(vector: Float32Array, out: Float32Array): void {
    const { dim, count } = this;
    const rows = this.#rows;
    const wide = this.#vector;
    wide.set(vector);
    let row = 0;
    for (; row + 3 < count; row += 4) {
      const a = row * dim;
      const b = a + dim;
      const c = b + dim;
      const d = c + dim;
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let i = 0; i < dim; i++) {
        const value = wide[i] ?? 0;
        s0 += value * (rows[a + i] ?? 0);
        s1 += value * (rows[b + i] ?? 0);
        s2 += value * (rows[c + i] ?? 0);
        s3 += value * (rows[d + i] ?? 0);
      }
      out[row] = s0;
      out[row + 1] = s1;
      out[row + 2] = s2;
      out[row + 3] = s3;
    }
    for (; row < count; row++) {
      let sum = 0;
      for (let i = 0; i < dim; i++) sum += (wide[i] ?? 0) * (rows[row * dim + i] ?? 0);
      out[row] = sum;
    }
  }
}

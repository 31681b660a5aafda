import { ByteDots } from './byte-dots.ts';
import type { ClusterTable } from './cluster-table.ts';

export interface Clustered {
  readonly table: ClusterTable;
  /** For each place the row that belongs there. */
  readonly order: Uint32Array;
}

/** Rows of a cluster in the mean: fewer make tables large, more make searches read what they do not want. */
const ROWS_EACH = 64;
const ROUNDS = 5;
/** Rows between two yields: a few milliseconds. */
const SLICE = 256;

/**
 * Spherical k-means of vectors in bytes, in slices: whoever runs it decides when it goes on. The same rows give the same clusters.
 *
 * It begins at rows at even distances, of a stream those of different hours. A cluster that nobody joins begins anew at the row that fits
 * worst where it is, so that what came once gets a place beside what is always there.
 *
 * @param rows `count` rows of `dim` bytes, each in the direction of its vector
 */
export function* clusterRows(rows: Int8Array, count: number, dim: number): Generator<void, Clustered> {
  const clusters = Math.max(1, Math.round(count / ROWS_EACH));
  const centres = new Centres(clusters, dim);
  const rowAt = (row: number): Int8Array => rows.subarray(row * dim, (row + 1) * dim);
  for (let i = 0; i < clusters; i++) centres.set(i, rowAt(Math.floor(((i + 0.5) * count) / clusters)));
  const lengths = new Float32Array(count);
  for (let row = 0; row < count; row++) lengths[row] = lengthOf(rowAt(row));
  const home = new Uint32Array(count);
  const cosine = new Float32Array(count);

  for (let round = 0; ; round++) {
    for (let row = 0; row < count; row++) {
      const { nearest, product } = centres.nearest(rowAt(row));
      home[row] = nearest;
      cosine[row] = product / (lengths[row] || 1);
      if (row % SLICE === 0) yield;
    }
    if (round === ROUNDS) return inOrder(home, cosine, centres);
    const sums = new Float32Array(clusters * dim);
    const members = new Uint32Array(clusters);
    for (let row = 0; row < count; row++) {
      const cluster = home[row] ?? 0;
      const weight = 1 / (lengths[row] || 1);
      for (let i = 0; i < dim; i++) sums[cluster * dim + i] = (sums[cluster * dim + i] ?? 0) + weight * (rows[row * dim + i] ?? 0);
      members[cluster] = (members[cluster] ?? 0) + 1;
      if (row % SLICE === 0) yield;
    }
    const misfits = members.includes(0) ? [...cosine.keys()].sort((a, b) => (cosine[a] ?? 0) - (cosine[b] ?? 0)) : [];
    let misfit = 0;
    for (let i = 0; i < clusters; i++) {
      if (members[i] === 0) centres.set(i, rowAt(misfits[misfit++] ?? 0));
      else centres.set(i, inBytes(sums.subarray(i * dim, (i + 1) * dim)));
    }
    yield;
  }
}

/** Unit vectors in bytes, and which of them is nearest. */
class Centres {
  readonly dim: number;
  readonly bytes: Int8Array;
  readonly scales: Float32Array;
  readonly #dots: ByteDots;

  constructor(count: number, dim: number) {
    this.dim = dim;
    this.#dots = new ByteDots(dim, count * dim);
    this.bytes = new Int8Array(this.#dots.room.buffer, this.#dots.room.byteOffset, count * dim);
    this.scales = new Float32Array(count);
  }

  set(i: number, bytes: Int8Array): void {
    this.bytes.set(bytes, i * this.dim);
    this.scales[i] = 1 / (lengthOf(bytes) || 1);
  }

  nearest(row: Int8Array): { readonly nearest: number; readonly product: number } {
    const { scales } = this;
    this.#dots.ask(row);
    const sums = this.#dots.ofRoom(scales.length);
    let nearest = 0;
    let product = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < scales.length; i++) {
      const value = (sums[i] ?? 0) * (scales[i] ?? 0);
      if (value <= product) continue;
      nearest = i;
      product = value;
    }
    return { nearest, product };
  }
}

function inOrder(home: Uint32Array, cosine: Float32Array, { bytes, scales, dim }: Centres): Clustered {
  const starts = new Uint32Array(scales.length + 1);
  for (const cluster of home) starts[cluster + 1] = (starts[cluster + 1] ?? 0) + 1;
  for (let i = 0; i < scales.length; i++) starts[i + 1] = (starts[i + 1] ?? 0) + (starts[i] ?? 0);
  const next = starts.slice();
  const order = new Uint32Array(home.length);
  const least = new Float32Array(scales.length).fill(1);
  const most = new Float32Array(scales.length).fill(-1);
  for (const [row, cluster] of home.entries()) {
    const place = next[cluster] ?? 0;
    next[cluster] = place + 1;
    order[place] = row;
    const own = Math.min(1, cosine[row] ?? 0);
    least[cluster] = Math.min(least[cluster] ?? 1, own);
    most[cluster] = Math.max(most[cluster] ?? -1, own);
  }
  return { table: { dim, starts, centres: bytes.slice(), scales, least, most }, order };
}

/** A vector's direction in bytes. */
function inBytes(vector: Float32Array): Int8Array {
  let most = 0;
  for (const value of vector) most = Math.max(most, Math.abs(value));
  return Int8Array.from(vector, (value) => Math.round((127 * value) / (most || 1)));
}

function lengthOf(bytes: Int8Array): number {
  let sum = 0;
  for (const value of bytes) sum += value * value;
  return Math.sqrt(sum);
}

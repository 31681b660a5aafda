import type { GraphItem } from './graph-plan.ts';

/** How many of a source's last embeddings are looked at. */
const WINDOW = 16;
/** Root mean square distance from their mean below which embeddings count as one point. A still picture with sensor noise gives 1e-2. */
const COLLAPSED = 1e-4;
/** Inputs differ when samples of them differ by this share of their size, on average. */
const INPUT_DIFFERS = 1e-2;
const SAMPLES = 64;

/**
 * Watches one source for collapse: its recent embeddings fall into one point although its inputs differ. Bounded: sixteen vectors and
 * one sample of an input.
 */
export class CollapseWatch {
  readonly #vectors: Float32Array[] = [];
  #first: Float32Array | undefined;
  #differing = 0;
  #isCollapsed = false;

  get isCollapsed(): boolean {
    return this.#isCollapsed;
  }

  /** Looks at an input before it is encoded. */
  input(item: GraphItem): void {
    const sample = sampleOf(item);
    if (this.#first?.length === sample.length && relativeDifference(this.#first, sample) > INPUT_DIFFERS) this.#differing = WINDOW;
    else this.#differing = Math.max(0, this.#differing - 1);
    this.#first = sample;
  }

  /** Looks at an embedding. Returns whether `isCollapsed` changed. */
  vector(vector: Float32Array): boolean {
    this.#vectors.push(vector);
    if (this.#vectors.length > WINDOW) this.#vectors.shift();
    const before = this.#isCollapsed;
    const isPoint = this.#vectors.length === WINDOW && spread(this.#vectors) < COLLAPSED;
    // Inputs that stand still excuse it, but do not prove that it is over.
    this.#isCollapsed = isPoint && (this.#differing > 0 || before);
    return this.#isCollapsed !== before;
  }
}

function sampleOf(item: GraphItem): Float32Array {
  const data = item[0]?.data ?? new Float32Array(0);
  const sample = new Float32Array(Math.min(SAMPLES, data.length));
  for (let i = 0; i < sample.length; i++) sample[i] = Number(data[Math.floor((i * data.length) / sample.length)]);
  return sample;
}

function relativeDifference(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    difference += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
    size += (a[i] ?? 0) ** 2 + (b[i] ?? 0) ** 2;
  }
  return size > 0 ? Math.sqrt((2 * difference) / size) : 0;
}

function spread(vectors: readonly Float32Array[]): number {
  const dim = vectors[0]?.length ?? 0;
  let sum = 0;
  for (let i = 0; i < dim; i++) {
    let mean = 0;
    for (const vector of vectors) mean += vector[i] ?? 0;
    mean /= vectors.length;
    for (const vector of vectors) sum += ((vector[i] ?? 0) - mean) ** 2;
  }
  return Math.sqrt(sum / vectors.length);
}

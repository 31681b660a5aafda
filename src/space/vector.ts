import { SpaceMismatchError } from '../core/errors.ts';

/** A vector that knows its space. Only vectors of one space can be compared. */
export interface SpaceVector {
  readonly space: string;
  readonly vector: Float32Array;
  /** How sure its encoder is of what the vector means, 0..1. Absent: 1. */
  readonly confidence?: number;
}

/** Dot product; four sums keep the adders busy (about 3 times a plain loop). Lengths must be equal. */
export function dot(a: Float32Array, b: Float32Array): number {
  const length = a.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += (a[i] ?? 0) * (b[i] ?? 0);
    s1 += (a[i + 1] ?? 0) * (b[i + 1] ?? 0);
    s2 += (a[i + 2] ?? 0) * (b[i + 2] ?? 0);
    s3 += (a[i + 3] ?? 0) * (b[i + 3] ?? 0);
  }
  for (; i < length; i++) s0 += (a[i] ?? 0) * (b[i] ?? 0);
  return s0 + s1 + s2 + s3;
}

/** Scales to length 1, into a new array. A zero vector stays zero. */
export function normalise(vector: Float32Array): Float32Array {
  const length = Math.sqrt(dot(vector, vector));
  return length > 0 ? vector.map((value) => value / length) : vector.slice();
}

/** Normalised weighted sum. All of one length; at least one. */
export function weightedMean(vectors: readonly Float32Array[], weights?: readonly number[]): Float32Array {
  const sum = new Float32Array(vectors[0]?.length ?? 0);
  for (const [n, vector] of vectors.entries()) {
    const weight = weights?.[n] ?? 1;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + weight * (vector[i] ?? 0);
  }
  return normalise(sum);
}

/** Many windows as one: their mean by how sure each is, and the mean of their confidence by the same weights. At least one. */
export function pooled(windows: readonly Omit<SpaceVector, 'space'>[]): Omit<SpaceVector, 'space'> {
  const weights = windows.map(({ confidence = 1 }) => confidence);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const vectors = windows.map(({ vector }) => vector);
  if (total === 0) return { vector: weightedMean(vectors), confidence: 0 };
  return { vector: weightedMean(vectors, weights), confidence: weights.reduce((sum, weight) => sum + weight * weight, 0) / total };
}

/** What a query scores on a vector: their cosine, times how sure both are. @throws SpaceMismatchError */
export const similarity = (a: SpaceVector, b: SpaceVector): number => cosine(a, b) * (a.confidence ?? 1) * (b.confidence ?? 1);

/**
 * Cosine of two unit vectors of one space, -1..1.
 *
 * @throws SpaceMismatchError for vectors of two spaces
 */
export function cosine(a: SpaceVector, b: SpaceVector): number {
  if (a.space !== b.space || a.vector.length !== b.vector.length) throw new SpaceMismatchError(a.space, b.space);
  return dot(a.vector, b.vector);
}

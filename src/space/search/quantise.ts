/**
 * A unit vector in two bytes a number: `vector = scale (coarse + fine / 254)`. The coarse byte finds candidates, both together rank
 * them: a cosine of two such vectors of 576 numbers is off by less than 1e-5.
 */
export interface Quantised {
  readonly scale: number;
  readonly coarse: Int8Array;
  readonly fine: Int8Array;
}

/** How often the fine step goes into the coarse one: half a coarse step to both sides, in 127 steps each. */
const FINE_STEPS = 254;

/** Writes the bytes of a vector; returns its scale. All arrays are of one length. */
export function quantise(vector: Float32Array, coarse: Int8Array, fine?: Int8Array): number {
  let most = 0;
  for (const value of vector) most = Math.max(most, Math.abs(value));
  const scale = most / 127 || 1;
  for (let i = 0; i < vector.length; i++) {
    const exact = (vector[i] ?? 0) / scale;
    const step = Math.round(exact);
    coarse[i] = step;
    if (fine) fine[i] = Math.round((exact - step) * FINE_STEPS);
  }
  return scale;
}

/** Dot product of a float vector with a quantised one. */
export function fineDot(query: Float32Array, { scale, coarse, fine }: Quantised): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (query[i] ?? 0) * ((coarse[i] ?? 0) + (fine[i] ?? 0) / FINE_STEPS);
  return scale * sum;
}

/** Dot product of a float vector with coarse bytes at `offset`; times their scale it is a cosine to about 0.001. */
export function coarseDot(query: Float32Array, coarse: Int8Array, offset: number): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (query[i] ?? 0) * (coarse[offset + i] ?? 0);
  return sum;
}

/** Dot product of two vectors of bytes at `offset` of the second; four sums keep the adders busy. At most 130,000 numbers. */
export function byteDot(query: Int8Array, bytes: Int8Array, offset: number): number {
  const length = query.length;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    const at = offset + i;
    s0 = (s0 + Math.imul(query[i] ?? 0, bytes[at] ?? 0)) | 0;
    s1 = (s1 + Math.imul(query[i + 1] ?? 0, bytes[at + 1] ?? 0)) | 0;
    s2 = (s2 + Math.imul(query[i + 2] ?? 0, bytes[at + 2] ?? 0)) | 0;
    s3 = (s3 + Math.imul(query[i + 3] ?? 0, bytes[at + 3] ?? 0)) | 0;
  }
  for (; i < length; i++) s0 = (s0 + Math.imul(query[i] ?? 0, bytes[offset + i] ?? 0)) | 0;
  return s0 + s1 + s2 + s3;
}

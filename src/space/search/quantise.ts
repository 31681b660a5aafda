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

/** The vector again, as far as two bytes a number keep it. */
export const vectorOf = ({ scale, coarse, fine }: Quantised): Float32Array =>
  Float32Array.from(coarse, (step, i) => scale * (step + (fine[i] ?? 0) / FINE_STEPS));

/** Dot product of a float vector with a quantised one. */
export function fineDot(query: Float32Array, { scale, coarse, fine }: Quantised): number {
  let sum = 0;
  for (let i = 0; i < query.length; i++) sum += (query[i] ?? 0) * ((coarse[i] ?? 0) + (fine[i] ?? 0) / FINE_STEPS);
  return scale * sum;
}

/**
 * How far a cosine from the coarse bytes of two vectors may be off: each byte's rounding is spread evenly over a step, and of their sum six
 * standard deviations count.
 */
export const coarseError = (scale: number, otherScale: number): number => 6 * Math.sqrt((scale * scale + otherScale * otherScale) / 12);

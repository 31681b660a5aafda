import type { LinearHead } from '../../encoders/onnx/append-head.ts';

/** What makes features of another space comparable: mean of each over the training pairs, and the inverse of its deviation. */
export interface Standard {
  readonly mean: Float32Array;
  /** 0 for a feature that never moves, so that it says nothing. */
  readonly scale: Float32Array;
}

export function standardOf(rows: readonly Float32Array[]): Standard {
  const width = rows[0]?.length ?? 0;
  const [sum, squares] = [new Float64Array(width), new Float64Array(width)];
  for (const row of rows) for (let i = 0; i < width; i++) sum[i] = (sum[i] ?? 0) + (row[i] ?? 0) / rows.length;
  for (const row of rows)
    for (let i = 0; i < width; i++) squares[i] = (squares[i] ?? 0) + ((row[i] ?? 0) - (sum[i] ?? 0)) ** 2 / rows.length;
  return { mean: Float32Array.from(sum), scale: Float32Array.from(squares, (square) => (square > 1e-10 ? 1 / Math.sqrt(square) : 0)) };
}

export const standardised = (feature: Float32Array, { mean, scale }: Standard): Float32Array =>
  feature.map((value, i) => (value - (mean[i] ?? 0)) * (scale[i] ?? 0));

/** A head for standardised features as one for features as they come: `((x - mean) scale) W + b` as `x W' + b'`. */
export function folded({ inputs, dim, weights, bias }: LinearHead, { mean, scale }: Standard): LinearHead {
  const [w, b] = [new Float32Array(weights.length), bias.slice()];
  for (let i = 0; i < inputs; i++) {
    for (let j = 0; j < dim; j++) {
      const weight = (weights[i * dim + j] ?? 0) * (scale[i] ?? 0);
      w[i * dim + j] = weight;
      b[j] = (b[j] ?? 0) - weight * (mean[i] ?? 0);
    }
  }
  return { inputs, dim, weights: w, bias: b };
}

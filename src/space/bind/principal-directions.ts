import { dot, normalise } from '../vector.ts';
import { seeded } from './seeded.ts';

/** Rounds of iteration: enough for directions that differ by a tenth. */
const ROUNDS = 30;

/**
 * The directions in which rows differ most, by orthogonal iteration (Golub and Van Loan, "Matrix Computations", 8.2.4): orthonormal,
 * the strongest first. Fewer than `most` where the rows do not span as many.
 */
export function principalDirections(rows: readonly Float32Array[], most: number): Float32Array[] {
  const width = rows[0]?.length ?? 0;
  const mean = new Float32Array(width);
  for (const row of rows) for (let i = 0; i < width; i++) mean[i] = (mean[i] ?? 0) + (row[i] ?? 0) / rows.length;
  const centred = rows.map((row) => row.map((value, i) => value - (mean[i] ?? 0)));
  const random = seeded(1);
  let directions: Float32Array[] = Array.from({ length: Math.min(most, width, Math.max(0, rows.length - 1)) }, () =>
    Float32Array.from({ length: width }, () => random() - 0.5),
  );
  for (let round = 0; round < ROUNDS; round++) directions = orthonormal(directions.map((direction) => spread(centred, direction)));
  return directions;
}

/** The covariance of the rows, times a direction, up to scale. */
function spread(rows: readonly Float32Array[], direction: Float32Array): Float32Array {
  const sum = new Float32Array(direction.length);
  for (const row of rows) {
    const along = dot(row, direction);
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + along * (row[i] ?? 0);
  }
  return sum;
}

/** Gram-Schmidt; a direction that the ones before it hold already is left out. */
function orthonormal(directions: readonly Float32Array[]): Float32Array[] {
  const kept: Float32Array[] = [];
  for (const direction of directions) {
    const rest = normalise(direction);
    // Twice: once leaves rounding behind.
    for (const other of [...kept, ...kept]) {
      const along = dot(rest, other);
      for (let i = 0; i < rest.length; i++) rest[i] = (rest[i] ?? 0) - along * (other[i] ?? 0);
    }
    if (dot(rest, rest) > 1e-6) kept.push(normalise(rest));
  }
  return kept;
}

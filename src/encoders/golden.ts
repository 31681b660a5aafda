import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, UsageError } from '../core/errors.ts';
import type { EncoderModality } from '../core/types.ts';

const goldenSchema = z.object({ seed: z.literal(1), vectors: z.array(z.array(z.number())).length(2) });

/** The two sentences that the golden vectors of a text graph are made of. */
export const GOLDEN_TEXTS: readonly string[] = ['glass breaking', 'a dog barks'];

/**
 * The input of golden vector `item` (0 or 1): element i is `sin((i + 1)(item + 1) / 10) * gain`, in float64, then rounded; gain 2.5
 * for IMU (accelerations are larger than pixels), else 0.5. A formula, so that no bundle has to carry its inputs.
 */
export function goldenInput(modality: EncoderModality, item: number, shape: readonly number[]): Float32Array {
  const input = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const gain = modality === 'imu' ? 2.5 : 0.5;
  for (let i = 0; i < input.length; i++) input[i] = Math.sin((i + 1) * (item + 1) * 0.1) * gain;
  return input;
}

/**
 * Reads a golden file: `{"seed": 1, "vectors": [[...], [...]]}`, the vectors that the original code gives for the golden inputs.
 *
 * @throws UsageError `BAD_GOLDEN` for another format or vectors of another length than `dim`
 */
export async function readGolden(path: string, dim: number): Promise<Float32Array[]> {
  try {
    const { vectors } = goldenSchema.parse(JSON.parse(await readFile(path, 'utf8')));
    const odd = vectors.find((vector) => vector.length !== dim);
    if (odd) throw new Error(`a vector of ${odd.length} numbers where the space has ${dim}`);
    return vectors.map((vector) => Float32Array.from(vector));
  } catch (cause) {
    throw new UsageError('BAD_GOLDEN', `${path}: ${messageOf(cause)}; expected {"seed": 1, "vectors": [two vectors of ${dim} numbers]}`, {
      cause,
    });
  }
}

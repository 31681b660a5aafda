import type { Geometry } from './geometry.ts';
import { interpolation } from './interpolation.ts';
import { kernel, type Resample } from './kernel.ts';
import { rowsNeeded } from './rows-needed.ts';

/**
 * Resizes and crops one channel in floating point: as PIL does for mode F, or, without `antialias`, as torch's `interpolate` does. Only
 * what the crop shows is computed.
 *
 * @param data `height * width` numbers
 * @returns `cropHeight * cropWidth` numbers
 */
export function resizeFloats(
  data: Float32Array,
  width: number,
  height: number,
  to: Geometry,
  resample: Resample,
  antialias: boolean,
): Float32Array {
  const taps = antialias ? kernel : interpolation;
  const across = taps(width, to.width, resample, to.left, to.cropWidth);
  const down = taps(height, to.height, resample, to.top, to.cropHeight);
  const { from, count } = rowsNeeded(down);
  const narrow = new Float32Array(count * to.cropWidth);
  for (let y = 0; y < count; y++) {
    for (let x = 0; x < to.cropWidth; x++) {
      const start = (from + y) * width + (across.starts[x] ?? 0);
      let sum = 0;
      for (let k = 0; k < (across.counts[x] ?? 0); k++) sum += (across.weights[x * across.stride + k] ?? 0) * (data[start + k] ?? 0);
      narrow[y * to.cropWidth + x] = sum;
    }
  }
  const out = new Float32Array(to.cropHeight * to.cropWidth);
  for (let y = 0; y < to.cropHeight; y++) {
    const start = (down.starts[y] ?? 0) - from;
    for (let x = 0; x < to.cropWidth; x++) {
      let sum = 0;
      for (let k = 0; k < (down.counts[y] ?? 0); k++)
        sum += (down.weights[y * down.stride + k] ?? 0) * (narrow[(start + k) * to.cropWidth + x] ?? 0);
      out[y * to.cropWidth + x] = sum;
    }
  }
  return out;
}

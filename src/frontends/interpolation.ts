import type { Resample, Taps } from './kernel.ts';

const { fround } = Math;

/** Keys' cubic with a = -0.75, at the four pixels around a point that lies `t` behind the second of them. */
function cubicWeights(t: number): readonly number[] {
  const a = -0.75;
  const near = (d: number): number => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number): number => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(t + 1), near(t), near(1 - t), far(2 - t)];
}

/**
 * The weights of torch's `interpolate` (`align_corners=False`, no antialiasing) along one axis: the filter has its own width however
 * much the picture shrinks, and pixels beyond the edge are the edge's. Positions are rounded to float32 as torch rounds them.
 *
 * @param from, count the part of the output that is wanted
 */
export function interpolation(inSize: number, outSize: number, resample: Resample, from = 0, count: number = outSize): Taps {
  const stride = resample === 'bicubic' ? 4 : 2;
  const scale = fround(inSize / outSize);
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Float64Array(count * stride);
  for (let i = 0; i < count; i++) {
    const exact = fround(fround(scale * fround(from + i + 0.5)) - 0.5);
    const at = resample === 'bicubic' ? exact : Math.max(0, exact);
    const below = Math.floor(at);
    const t = fround(at - below);
    const around = resample === 'bicubic' ? cubicWeights(t) : [1 - t, t];
    const first = resample === 'bicubic' ? below - 1 : below;
    const start = clamp(first, inSize);
    around.forEach((weight, k) => {
      const tap = i * stride + clamp(first + k, inSize) - start;
      weights[tap] = (weights[tap] ?? 0) + weight;
    });
    starts[i] = start;
    counts[i] = clamp(first + stride - 1, inSize) - start + 1;
  }
  return { starts, counts, weights, stride };
}

const clamp = (index: number, size: number): number => Math.min(size - 1, Math.max(0, index));

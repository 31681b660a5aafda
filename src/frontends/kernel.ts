/** Weights by which each output pixel is made of input pixels, along one axis. */
export interface Taps {
  /** First input pixel of each output pixel. */
  readonly starts: Int32Array;
  /** How many input pixels go into each. */
  readonly counts: Int32Array;
  /** `counts[i]` weights from `i * stride` on; they sum to 1. */
  readonly weights: Float64Array;
  readonly stride: number;
}

export interface Kernel extends Taps {
  /** The weights as fixed-point integers of 22 bits of fraction, as PIL uses them for 8-bit pictures. */
  readonly fixed: Int32Array;
}

/** Bits of fraction in PIL's 8-bit resampling: 32 less 8 for the pixel and 2 for overshoot. */
export const FIXED_BITS = 22;

const filters = {
  bicubic: {
    support: 2,
    // Keys' cubic with a = -0.5.
    at: (x: number): number => {
      const d = Math.abs(x);
      if (d < 1) return (1.5 * d - 2.5) * d * d + 1;
      return d < 2 ? ((d - 5) * d + 8) * d * -0.5 + 2 : 0;
    },
  },
  bilinear: { support: 1, at: (x: number): number => Math.max(0, 1 - Math.abs(x)) },
};

export type Resample = keyof typeof filters;

const CACHE_SIZE = 64;
const cache = new Map<string, Kernel>();

/**
 * The antialiased kernel of PIL (Pillow's `precompute_coeffs`): when shrinking, the filter is widened by the scale.
 *
 * @param from, count the part of the output that is wanted
 */
export function kernel(inSize: number, outSize: number, resample: Resample, from = 0, count: number = outSize): Kernel {
  const key = `${inSize} ${outSize} ${resample} ${from} ${count}`;
  const cached = cache.get(key);
  if (cached) return cached;
  const { support, at } = filters[resample];
  const scale = inSize / outSize;
  const widening = Math.max(scale, 1);
  const reach = support * widening;
  const stride = Math.ceil(reach) * 2 + 1;
  const starts = new Int32Array(count);
  const counts = new Int32Array(count);
  const weights = new Float64Array(count * stride);
  const fixed = new Int32Array(count * stride);
  for (let i = 0; i < count; i++) {
    const center = (from + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const n = Math.min(inSize, Math.trunc(center + reach + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += weights[i * stride + k] = at((k + low - center + 0.5) * (1 / widening));
    for (let k = 0; k < n; k++) {
      const weight = sum === 0 ? 0 : (weights[i * stride + k] ?? 0) / sum;
      weights[i * stride + k] = weight;
      fixed[i * stride + k] = Math.trunc(weight * 2 ** FIXED_BITS + (weight < 0 ? -0.5 : 0.5));
    }
    starts[i] = low;
    counts[i] = n;
  }
  const made = { starts, counts, weights, fixed, stride };
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? '');
  cache.set(key, made);
  return made;
}

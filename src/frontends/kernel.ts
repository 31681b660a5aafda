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
  /**
   * The weights as whole numbers of 22 bits of fraction, as PIL has them for 8-bit pictures, laid out for `resize-passes.wat`: pairs of
   * taps as `high, high, low, low`, where `weight = high * 2 ** 12 + low`. `pairs` of them per output pixel, the last ones 0.
   */
  readonly fixed: Int16Array;
  /** An even number. */
  readonly pairs: number;
}

/** Bits of fraction in PIL's 8-bit resampling: 32 less 8 for the pixel and 2 for overshoot. */
const FIXED_BITS = 22;
/** Bits of `low`. */
const LOW_BITS = 12;

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
  for (let i = 0; i < count; i++) {
    const center = (from + i + 0.5) * scale;
    const low = Math.max(0, Math.trunc(center - reach + 0.5));
    const n = Math.min(inSize, Math.trunc(center + reach + 0.5)) - low;
    let sum = 0;
    for (let k = 0; k < n; k++) sum += weights[i * stride + k] = at((k + low - center + 0.5) * (1 / widening));
    for (let k = 0; k < n; k++) weights[i * stride + k] = sum === 0 ? 0 : (weights[i * stride + k] ?? 0) / sum;
    starts[i] = low;
    counts[i] = n;
  }
  const taps = { starts, counts, weights, stride };
  const made = { ...taps, ...inPairs(taps) };
  if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value ?? '');
  cache.set(key, made);
  return made;
}

function inPairs({ counts, weights, stride }: Taps): Pick<Kernel, 'fixed' | 'pairs'> {
  const pairs = Math.ceil(Math.max(...counts) / 4) * 2;
  const fixed = new Int16Array(counts.length * pairs * 4);
  for (const [i, n] of counts.entries()) {
    for (let k = 0; k < n; k++) {
      const weight = weights[i * stride + k] ?? 0;
      const whole = Math.trunc(weight * 2 ** FIXED_BITS + (weight < 0 ? -0.5 : 0.5));
      const at = (i * pairs + (k >> 1)) * 4 + (k & 1);
      fixed[at] = whole >> LOW_BITS;
      fixed[at + 2] = whole & ((1 << LOW_BITS) - 1);
    }
  }
  return { fixed, pairs };
}

import { seeded } from './seeded.ts';

/** Kernels of one dilation. */
export interface KernelGroup {
  readonly dilation: number;
  readonly kernels: number;
  /** Points of a kernel, odd. */
  readonly size: number;
  /** kernels x channels x size. */
  readonly weights: Float32Array;
  /** One a kernel. */
  readonly thresholds: Float32Array;
}

/** Fixed convolutions for windows of `channels` x `length`. */
export interface SeriesKernels {
  readonly channels: number;
  readonly length: number;
  readonly groups: readonly KernelGroup[];
}

const KERNELS = 240;
const SIZE = 9;
/** Channels that one kernel looks at, at most. */
const MOST_CHANNELS = 3;
/** Windows that thresholds are drawn from. */
const EXAMPLES = 64;

/**
 * Random convolutions (ROCKET, Dempster et al. 2020): weights drawn from a normal distribution, centred, on one to three channels,
 * spread over the window by dilations 1, 2, 4 ...; the threshold of each is a quantile of what it answers to one of the windows, so
 * that it tells windows apart. Same windows and seed: same kernels.
 *
 * @param windows normalised windows, each channels x length
 */
export function seriesKernels(windows: readonly Float32Array[], channels: number, length: number, seed: number): SeriesKernels {
  const random = seeded(seed);
  const dilations: number[] = [];
  for (let dilation = 1; dilation === 1 || dilation * (SIZE - 1) < length; dilation *= 2) dilations.push(dilation);
  const step = Math.max(1, Math.floor(windows.length / EXAMPLES));
  const examples = windows.filter((_, i) => i % step === 0);
  const groups = dilations.map((dilation): KernelGroup => {
    const kernels = Math.ceil(KERNELS / dilations.length);
    const weights = new Float32Array(kernels * channels * SIZE);
    const thresholds = new Float32Array(kernels);
    for (let k = 0; k < kernels; k++) {
      const kernel = weights.subarray(k * channels * SIZE, (k + 1) * channels * SIZE);
      const looksAt = 1 + Math.floor(random() * Math.min(channels, MOST_CHANNELS));
      for (let i = 0; i < looksAt; i++) fillCentred(kernel, Math.floor(random() * channels) * SIZE, random);
      const example = examples[Math.floor(random() * examples.length)] ?? new Float32Array(channels * length);
      const answers = convolved(example, kernel, { channels, length, dilation }).sort();
      thresholds[k] = answers[Math.floor(random() * answers.length)] ?? 0;
    }
    return { dilation, kernels, size: SIZE, weights, thresholds };
  });
  return { channels, length, groups };
}

/** Normally distributed numbers (Box and Muller) less their mean. */
function fillCentred(kernel: Float32Array, from: number, random: () => number): void {
  let sum = 0;
  for (let i = from; i < from + SIZE; i++) {
    const value = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    kernel[i] = value;
    sum += value;
  }
  for (let i = from; i < from + SIZE; i++) kernel[i] = (kernel[i] ?? 0) - sum / SIZE;
}

/** A convolution with zeros around the window, as ONNX has it. */
function convolved(
  window: Float32Array,
  kernel: Float32Array,
  { channels, length, dilation }: { readonly channels: number; readonly length: number; readonly dilation: number },
): Float32Array {
  const out = new Float32Array(length);
  const half = (SIZE - 1) / 2;
  for (let channel = 0; channel < channels; channel++) {
    for (let tap = 0; tap < SIZE; tap++) {
      const weight = kernel[channel * SIZE + tap] ?? 0;
      if (weight === 0) continue;
      const shift = (tap - half) * dilation;
      for (let t = Math.max(0, -shift); t < Math.min(length, length - shift); t++)
        out[t] = (out[t] ?? 0) + weight * (window[channel * length + t + shift] ?? 0);
    }
  }
  return out;
}

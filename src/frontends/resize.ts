import type { Geometry } from './geometry.ts';
import { interpolation } from './interpolation.ts';
import { FIXED_BITS, kernel, type Kernel, type Resample, type Taps } from './kernel.ts';

const HALF = 1 << (FIXED_BITS - 1);

/**
 * Resizes and crops an 8-bit picture, bit for bit as PIL does: first along the rows, then along the columns, each rounded to 8
 * bits. Only what the crop shows is computed.
 *
 * @param data `height * width * channels` bytes, channels interleaved
 * @returns `cropHeight * cropWidth * channels` bytes
 */
export function resizeBytes(
  data: Uint8Array,
  width: number,
  height: number,
  channels: number,
  to: Geometry,
  resample: Resample,
): Uint8Array {
  const across = kernel(width, to.width, resample, to.left, to.cropWidth);
  const down = kernel(height, to.height, resample, to.top, to.cropHeight);
  // PIL leaves an axis alone that keeps its size.
  const isSameWidth = to.width === width;
  const isSameHeight = to.height === height;
  const { from, count } = isSameHeight ? { from: to.top, count: to.cropHeight } : rowsNeeded(down);
  const narrow = new Uint8Array(count * to.cropWidth * channels);
  for (let y = 0; y < count; y++) {
    const source = (from + y) * width * channels;
    const target = y * to.cropWidth * channels;
    if (isSameWidth) narrow.set(data.subarray(source + to.left * channels, source + (to.left + to.cropWidth) * channels), target);
    else if (channels === 3) acrossRgb(data, source, across, narrow, target);
    else acrossOne(data, source, across, narrow, target);
  }
  if (isSameHeight) return narrow;
  const rowBytes = to.cropWidth * channels;
  const out = new Uint8Array(to.cropHeight * rowBytes);
  const sums = new Int32Array(rowBytes);
  for (let y = 0; y < to.cropHeight; y++) {
    sums.fill(HALF);
    const start = (down.starts[y] ?? 0) - from;
    for (let k = 0; k < (down.counts[y] ?? 0); k++) {
      const weight = down.fixed[y * down.stride + k] ?? 0;
      const row = (start + k) * rowBytes;
      for (let x = 0; x < rowBytes; x++) sums[x] = (sums[x] ?? 0) + weight * (narrow[row + x] ?? 0);
    }
    for (let x = 0; x < rowBytes; x++) out[y * rowBytes + x] = clamp((sums[x] ?? 0) >> FIXED_BITS);
  }
  return out;
}

/**
 * The same in floating point for one channel: as PIL does for mode F, or, without `antialias`, as torch's `interpolate` does.
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

function rowsNeeded(down: Taps): { from: number; count: number } {
  const last = down.starts.length - 1;
  const from = down.starts[0] ?? 0;
  return { from, count: (down.starts[last] ?? 0) + (down.counts[last] ?? 0) - from };
}

function acrossRgb(data: Uint8Array, source: number, { starts, counts, fixed, stride }: Kernel, out: Uint8Array, target: number): void {
  for (let x = 0; x < starts.length; x++) {
    let r = HALF;
    let g = HALF;
    let b = HALF;
    let at = source + (starts[x] ?? 0) * 3;
    const weights = x * stride;
    for (let k = 0; k < (counts[x] ?? 0); k++, at += 3) {
      const weight = fixed[weights + k] ?? 0;
      r += weight * (data[at] ?? 0);
      g += weight * (data[at + 1] ?? 0);
      b += weight * (data[at + 2] ?? 0);
    }
    out[target + x * 3] = clamp(r >> FIXED_BITS);
    out[target + x * 3 + 1] = clamp(g >> FIXED_BITS);
    out[target + x * 3 + 2] = clamp(b >> FIXED_BITS);
  }
}

function acrossOne(data: Uint8Array, source: number, { starts, counts, fixed, stride }: Kernel, out: Uint8Array, target: number): void {
  for (let x = 0; x < starts.length; x++) {
    let sum = HALF;
    for (let k = 0; k < (counts[x] ?? 0); k++) sum += (fixed[x * stride + k] ?? 0) * (data[source + (starts[x] ?? 0) + k] ?? 0);
    out[target + x] = clamp(sum >> FIXED_BITS);
  }
}

const clamp = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

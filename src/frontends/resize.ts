import type { Geometry } from './geometry.ts';
import { interpolation } from './interpolation.ts';
import { FIXED_BITS, kernel, type Kernel, type Resample, type Taps } from './kernel.ts';

const HALF = 1 << (FIXED_BITS - 1);

/**
 * Resizes and crops an 8-bit RGB picture, bit for bit as PIL does: first along the rows, then along the columns, each rounded to 8
 * bits. Only what the crop shows is computed.
 *
 * @param data `height * width * 3` bytes, channels interleaved
 * @returns `cropHeight * cropWidth * 3` bytes
 */
export function resizeRgb(data: Uint8Array, width: number, height: number, to: Geometry, resample: Resample): Uint8ClampedArray {
  const across = kernel(width, to.width, resample, to.left, to.cropWidth);
  const down = kernel(height, to.height, resample, to.top, to.cropHeight);
  // PIL leaves an axis alone that keeps its size.
  const isSameWidth = to.width === width;
  const isSameHeight = to.height === height;
  const { from, count } = isSameHeight ? { from: to.top, count: to.cropHeight } : rowsNeeded(down);
  const rowBytes = to.cropWidth * 3;
  const narrow = new Uint8ClampedArray(count * rowBytes);
  for (let y = 0; y < count; y++) {
    const source = (from + y) * width * 3;
    if (isSameWidth) narrow.set(data.subarray(source + to.left * 3, source + to.left * 3 + rowBytes), y * rowBytes);
    else narrowRow(data, source, across, narrow, y * rowBytes);
  }
  if (isSameHeight) return narrow;
  const out = new Uint8ClampedArray(to.cropHeight * rowBytes);
  for (let y = 0; y < to.cropHeight; y++) joinRows(narrow, ((down.starts[y] ?? 0) - from) * rowBytes, down, y, rowBytes, out);
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

/** Whole numbers of 32 bits throughout: sums stay below 2 ** 31 (see `FIXED_BITS`), and saying so saves a fifth of the time. */
function narrowRow(
  data: Uint8Array,
  source: number,
  { starts, counts, fixed, stride }: Kernel,
  out: Uint8ClampedArray,
  target: number,
): void {
  for (let x = 0, to = target; x < starts.length; x++, to += 3) {
    let r = HALF;
    let g = HALF;
    let b = HALF;
    let at = source + (starts[x] ?? 0) * 3;
    const first = x * stride;
    const end = first + (counts[x] ?? 0);
    for (let k = first; k < end; k++, at += 3) {
      const weight = fixed[k] ?? 0;
      r = (r + Math.imul(weight, data[at] ?? 0)) | 0;
      g = (g + Math.imul(weight, data[at + 1] ?? 0)) | 0;
      b = (b + Math.imul(weight, data[at + 2] ?? 0)) | 0;
    }
    out[to] = r >> FIXED_BITS;
    out[to + 1] = g >> FIXED_BITS;
    out[to + 2] = b >> FIXED_BITS;
  }
}

function joinRows(
  rows: Uint8ClampedArray,
  source: number,
  { counts, fixed, stride }: Kernel,
  y: number,
  rowBytes: number,
  out: Uint8ClampedArray,
): void {
  const first = y * stride;
  const end = first + (counts[y] ?? 0);
  for (let x = 0; x < rowBytes; x++) {
    let sum = HALF;
    for (let k = first, at = source + x; k < end; k++, at += rowBytes) sum = (sum + Math.imul(fixed[k] ?? 0, rows[at] ?? 0)) | 0;
    out[y * rowBytes + x] = sum >> FIXED_BITS;
  }
}

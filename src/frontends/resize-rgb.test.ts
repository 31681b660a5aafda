import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import wabt from 'wabt';
import { describe, expect, it } from 'vitest';
import { kernel, type Resample, type Taps } from './kernel.ts';
import { assembled } from './resize-passes.ts';
import { resizeRgb, resizeToPlanes } from './resize-rgb.ts';

/** One pass as Pillow's C code writes it: whole numbers, one value at a time; `at(i, k)` is what the k-th tap of output i sees. */
function pass({ counts, weights, stride }: Taps, at: (i: number, k: number) => number): number[] {
  return Array.from(counts, (count, i) => {
    let sum = 1 << 21;
    for (let k = 0; k < count; k++) {
      const weight = (weights[i * stride + k] ?? 0) * 2 ** 22;
      sum += Math.trunc(weight + (weight < 0 ? -0.5 : 0.5)) * at(i, k);
    }
    return Math.min(255, Math.max(0, sum >> 22));
  });
}

function plainly(data: Uint8Array, [width, height]: readonly [number, number], [w, h]: readonly [number, number], by: Resample) {
  const [across, down] = [kernel(width, w, by), kernel(height, h, by)];
  const out = new Uint8Array(w * h * 3);
  for (let channel = 0; channel < 3; channel++) {
    const rows = Array.from({ length: height }, (_, y) =>
      pass(across, (x, k) => data[(y * width + (across.starts[x] ?? 0) + k) * 3 + channel] ?? 0),
    );
    for (let x = 0; x < w; x++)
      for (const [y, value] of pass(down, (row, k) => rows[(down.starts[row] ?? 0) + k]?.[x] ?? 0).entries())
        out[(y * w + x) * 3 + channel] = value;
  }
  return out;
}

/** Park and Miller's generator, with many values at the ends of the range: overshoot has to be cut off. */
function pixels(count: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length: count }, () => {
    state = (state * 48271) % 2147483647;
    return Math.min(255, Math.max(0, (state % 511) - 128));
  });
}

/** Far quicker than `toEqual`, which looks at each value as if it could be anything. */
const expectBytes = (got: Uint8Array, wanted: Uint8Array): void => {
  expect(got).toHaveLength(wanted.length);
  expect(got.findIndex((value, i) => value !== wanted[i])).toBe(-1);
};

const whole = (width: number, height: number) => ({ width, height, left: 0, top: 0, cropWidth: width, cropHeight: height });

describe('resizeRgb', () => {
  const side = fc.integer({ min: 1, max: 40 });
  it('equals the same sums done one by one, for any sizes', () => {
    const sizes = fc.tuple(
      side,
      side,
      side,
      side,
      fc.constantFrom<Resample>('bicubic', 'bilinear'),
      fc.integer({ min: 1, max: 2 ** 31 - 2 }),
    );
    fc.assert(
      fc.property(sizes, ([width, height, w, h, by, seed]) => {
        const data = pixels(width * height * 3, seed);
        expectBytes(resizeRgb({ data, width, height }, whole(w, h), by), plainly(data, [width, height], [w, h], by));
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    [700, 203],
    [3, 9000],
    [50_000, 2],
  ])('of %i x %i, which goes through in strips or in one long row, too', (width, height) => {
    const data = pixels(width * height * 3, 5);
    expectBytes(resizeRgb({ data, width, height }, whole(17, 13), 'bicubic'), plainly(data, [width, height], [17, 13], 'bicubic'));
  });

  it('of the same size is the picture', () => {
    const data = pixels(31 * 17 * 3, 7);
    for (const by of ['bicubic', 'bilinear'] as const) expectBytes(resizeRgb({ data, width: 31, height: 17 }, whole(31, 17), by), data);
  });

  it('of a crop is the crop of all, whatever was resized before', () => {
    const picture = { data: pixels(90 * 80 * 3, 9), width: 90, height: 80 };
    const all = resizeRgb(picture, whole(40, 30), 'bicubic');
    // More memory than is kept.
    resizeRgb({ data: pixels(2000 * 1000 * 3, 1), width: 2000, height: 1000 }, whole(6000, 1000), 'bilinear');
    const crop = resizeRgb(picture, { width: 40, height: 30, left: 5, top: 8, cropWidth: 21, cropHeight: 11 }, 'bicubic');
    const wanted = Array.from({ length: 11 }, (_, y) => [...all.subarray(((8 + y) * 40 + 5) * 3, ((8 + y) * 40 + 26) * 3)]);
    expectBytes(crop, Uint8Array.from(wanted.flat()));
  });

  it('as planes has the numbers of the tables, and fills no more than it was given', () => {
    const picture = { data: pixels(30 * 20 * 3, 3), width: 30, height: 20 };
    const tables = Float32Array.from({ length: 768 }, (_, at) => at + 0.5);
    const out = new Float32Array(3 * 11 * 7 + 1).fill(-1);
    resizeToPlanes(picture, whole(11, 7), 'bicubic', tables, out.subarray(0, -1));
    const wanted = [...resizeRgb(picture, whole(11, 7), 'bicubic')];
    const plane = (channel: number): number[] => wanted.filter((_, i) => i % 3 === channel).map((value) => 256 * channel + value + 0.5);
    expect([...out]).toEqual([...plane(0), ...plane(1), ...plane(2), -1]);
  });

  it('runs what resize-passes.wat says', async () => {
    const source = readFileSync(new URL('resize-passes.wat', import.meta.url));
    const { buffer } = (await wabt()).parseWat('resize-passes.wat', source, { simd: true }).toBinary({});
    expect(Buffer.from(assembled, 'base64').equals(buffer)).toBe(true);
  });
});

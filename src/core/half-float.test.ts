import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHalf, toHalf } from './half-float.ts';

describe('half floats', () => {
  it('writes the values of the standard', () => {
    const known: [number, number][] = [
      [0, 0x0000],
      [-0, 0x8000],
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [1023 * 2 ** -24, 0x03ff],
      [1 / 3, 0x3555],
      [Infinity, 0x7c00],
      [-Infinity, 0xfc00],
    ];
    for (const [value, half] of known) expect(toHalf(value), String(value)).toBe(half);
    expect(fromHalf(toHalf(NaN))).toBeNaN();
  });

  it('reads and writes all 65,536 halves back to themselves', () => {
    const wrong: number[] = [];
    for (let half = 0; half < 65_536; half++) {
      const value = fromHalf(half);
      if (!Number.isNaN(value) && toHalf(value) !== half) wrong.push(half);
    }
    expect(wrong).toEqual([]);
  });

  it('rounds ties to even, also between subnormals and up to infinity', () => {
    expect(toHalf(1 + 2 ** -11)).toBe(0x3c00);
    expect(toHalf(1 + 3 * 2 ** -11)).toBe(0x3c02);
    expect(toHalf(2 ** -25)).toBe(0x0000);
    expect(toHalf(3 * 2 ** -25)).toBe(0x0002);
    expect(toHalf(2 ** -25 + 2 ** -40)).toBe(0x0001);
    expect(toHalf(1023.5 * 2 ** -24)).toBe(0x0400);
    expect(toHalf(65519.99)).toBe(0x7bff);
    expect(toHalf(65520)).toBe(0x7c00);
  });

  it('is never further from a float32 than either neighbour', () => {
    fc.assert(
      fc.property(fc.float({ min: -65_519, max: 65_519, noNaN: true }), (value) => {
        const half = toHalf(value);
        const error = Math.abs(fromHalf(half) - value);
        for (const neighbour of [half - 1, half + 1]) {
          const other = fromHalf(neighbour & 0xffff);
          if (Number.isFinite(other)) expect(error).toBeLessThanOrEqual(Math.abs(other - value));
        }
      }),
    );
  });
});

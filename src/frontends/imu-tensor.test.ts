import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imuTensor, type ImuRow } from './imu-tensor.ts';
import { parseFrontEnd, type ImuRecipe } from './recipe.ts';

const golden = JSON.parse(readFileSync(new URL('fixtures/motion.json', import.meta.url), 'utf8')) as {
  rows: (number | null)[][];
  linear: number[];
  zero: number[];
};
const rows: ImuRow[] = golden.rows.map(([timeUs, ...values]) => ({ timeUs: timeUs ?? NaN, values: values.map((v) => v ?? NaN) }));
const recipe = (fields: object = {}): ImuRecipe => parseFrontEnd({ kind: 'imu', rateHz: 200, seconds: 1, ...fields }) as ImuRecipe;
const row = (timeUs: number, value: number): ImuRow => ({ timeUs, values: new Array<number>(6).fill(value) });

describe('imuTensor', () => {
  it.each(['linear', 'zero'] as const)("gives NumPy's grid of unordered, gappy rows with doubles and NaN (gaps: %s)", (gaps) => {
    const { shape, data } = imuTensor(rows, recipe({ gaps }), 0);
    expect(shape).toEqual([6, 200]);
    expect(Math.max(...golden[gaps].map((value, i) => Math.abs(value - (data[i] ?? NaN))))).toBeLessThan(1e-4);
  });

  it('ends the grid before startUs + seconds, at any great startUs', () => {
    const start = 1_764_000_000_000_000;
    const { data } = imuTensor([row(start, 0), row(start + 1_000_000, 1)], recipe(), start);
    expect(data[0]).toBe(0);
    expect(data[199]).toBeCloseTo(0.995, 6);
  });

  it('keeps the rows at the ends of a hole, and a hole as wide as allowed', () => {
    const two = (gapUs: number) => imuTensor([row(0, 2), row(gapUs, 4)], recipe({ gaps: 'zero', maxGapMs: 100 }), 0).data;
    expect([...two(100_000).subarray(0, 22)].every((value, k) => (k <= 20 ? value >= 2 : value === 0))).toBe(true);
    const wide = two(105_000);
    expect([wide[0], wide[1], wide[20], wide[21], wide[22]]).toEqual([2, 0, 0, 4, 0]);
  });

  it('does not mind the order of rows of different times, and stays within their values', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 1_000_000 }), fc.integer({ min: -50, max: 50 })), {
          minLength: 1,
          selector: ([t]) => t,
        }),
        (pairs) => {
          const given = pairs.map(([t, v]) => row(t, v));
          const { data } = imuTensor(given, recipe(), 0);
          expect(imuTensor(given.toReversed(), recipe(), 0).data).toEqual(data);
          const values = pairs.map(([, v]) => v);
          const [low, high] = [Math.min(...values) - 1e-4, Math.max(...values) + 1e-4];
          expect(data.every((value) => value >= low && value <= high)).toBe(true);
        },
      ),
    );
  });

  it('refuses a channel without a single value', () => {
    expect(() => imuTensor([{ timeUs: 0, values: [1, 2, NaN, 4, 5, 6] }], recipe(), 0)).toThrow('channel 2');
    expect(() => imuTensor([], recipe(), 0)).toThrow('channel 0');
  });
});

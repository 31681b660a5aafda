import { describe, expect, it } from 'vitest';
import { dot } from '../vector.ts';
import { principalDirections } from './principal-directions.ts';
import { seeded } from './seeded.ts';

describe('principalDirections', () => {
  it('finds the directions in which rows differ, the strongest first, whatever their mean', () => {
    const random = seeded(4);
    const rows = Array.from({ length: 60 }, () => {
      const row = new Float32Array(12).fill(3);
      row[2] = 3 + 8 * (random() - 0.5);
      row[7] = 3 + 2 * (random() - 0.5);
      return row.map((value) => value + 0.01 * (random() - 0.5));
    });
    const [first, second, ...others] = principalDirections(rows, 3);
    expect(Math.abs(first?.[2] ?? 0)).toBeGreaterThan(0.99);
    expect(Math.abs(second?.[7] ?? 0)).toBeGreaterThan(0.99);
    for (const direction of others) expect(Math.abs(dot(direction, first!))).toBeLessThan(1e-5);
  });

  it('gives no more directions than rows span', () => {
    const rows = [Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0), Float32Array.of(0.5, 0.5, 0)];
    expect(principalDirections(rows, 3)).toHaveLength(1);
    expect(principalDirections([], 4)).toEqual([]);
  });
});

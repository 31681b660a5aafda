import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedVectors } from './packed-vectors.ts';
import { dot } from './vector.ts';

it('gives the dot product with each row, whatever the number of rows and their length', () => {
  const number = fc.float({ min: -1, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 9 }),
      fc.array(number, { minLength: 90, maxLength: 90 }),
      (dim, count, numbers) => {
        const rows = Array.from({ length: count }, (_, row) => Float32Array.from(numbers.slice(row * dim, (row + 1) * dim)));
        const vector = Float32Array.from(numbers.slice(-dim));
        const out = new Float32Array(count);
        new PackedVectors(rows, dim).dots(vector, out);
        for (const [i, row] of rows.entries()) expect(out[i]).toBeCloseTo(dot(row, vector), 6);
      },
    ),
  );
  const out = new Float32Array(2).fill(9);
  new PackedVectors([undefined, Float32Array.of(1, 2)], 2).dots(Float32Array.of(3, 4), out);
  expect([...out]).toEqual([0, 11]);
});

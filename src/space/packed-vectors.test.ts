import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { assembled } from './dot-products.ts';
import { PackedVectors } from './packed-vectors.ts';
import { dot } from './vector.ts';

describe('PackedVectors', () => {
  it('gives the dot product with each row, whatever the number of rows and their length', () => {
    const number = fc.float({ min: -1, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 9 }),
        fc.array(number, { minLength: 180, maxLength: 180 }),
        (dim, count, numbers) => {
          const rows = Array.from({ length: count }, (_, row) => Float32Array.from(numbers.slice(row * dim, (row + 1) * dim)));
          const packed = new PackedVectors(rows, dim);
          // Twice: nothing of one vector is left for the next.
          for (const vector of [Float32Array.from(numbers.slice(90, 90 + dim)), Float32Array.from(numbers.slice(-dim))]) {
            const out = packed.dots(vector);
            expect(out.length).toBe(count);
            for (const [i, row] of rows.entries()) expect(out[i]).toBeCloseTo(dot(row, vector), 5);
          }
        },
      ),
    );
  });

  it('takes an absent vector for zero', () => {
    expect([...new PackedVectors([undefined, Float32Array.of(1, 2)], 2).dots(Float32Array.of(3, 4))]).toEqual([0, 11]);
  });

  it('is as exact as float32 allows where there are as many rows and numbers as rules and dimensions', () => {
    const row = (seed: number): Float32Array => Float32Array.from({ length: 1024 }, (_, i) => Math.sin(seed * 37 + i * i * 0.7) / 23);
    const rows = Array.from({ length: 301 }, (_, i) => row(i + 1));
    const vector = row(0.5);
    for (const [i, product] of new PackedVectors(rows, 1024).dots(vector).entries())
      expect(Math.abs(product - dot(rows[i]!, vector))).toBeLessThan(1e-6);
  });

  it('can be made anew with each edit of the rules, thousands of times', () => {
    for (let i = 0; i < 3000; i++) expect(new PackedVectors([Float32Array.of(i)], 1).dots(Float32Array.of(2))[0]).toBe(2 * i);
  });

  it('runs what dot-products.wat says', async () => {
    const source = readFileSync(new URL('dot-products.wat', import.meta.url), 'utf8');
    const { buffer } = (await wabt()).parseWat('dot-products.wat', source, { simd: true }).toBinary({});
    expect(Buffer.from(assembled, 'base64').equals(buffer)).toBe(true);
  });
});

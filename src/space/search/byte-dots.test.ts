import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import wabt from 'wabt';
import { describe, expect, it } from 'vitest';
import { assembled } from './byte-dots-kernel.ts';
import { ByteDots } from './byte-dots.ts';

const bytes = (length: number, seed: number): Int8Array => Int8Array.from({ length }, (_, i) => ((i * 37 + seed * 101) % 256) - 128);
const plain = (query: Int8Array, rows: Int8Array, at: number): number =>
  query.reduce((sum, value, i) => sum + value * (rows[at + i] ?? 0), 0);

describe('ByteDots', () => {
  it('gives the sums of products, whatever the length, the number of rows and what lies between them', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 70 }),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: 0, max: 40 }),
        fc.integer({ min: 0, max: 30 }),
        (dim, count, between, offset) => {
          const [query, stride] = [bytes(dim, 1), dim + between];
          const dots = new ByteDots(dim, offset + count * stride);
          const rows = bytes(dots.room.length, 2);
          dots.room.set(rows);
          dots.ask(query);
          expect([...dots.ofRoom(count, stride, offset)]).toEqual(
            Array.from({ length: count }, (_, row) => plain(query, rows, offset + row * stride)),
          );
        },
      ),
    );
  });

  it('takes rows from anywhere in pieces, and forgets the query before', () => {
    const [dim, count] = [100, 101];
    const rows = bytes(dim * count, 3);
    const dots = new ByteDots(dim, 7 * dim);
    const out = new Int32Array(count);
    for (const seed of [4, 5]) {
      const query = bytes(dim, seed);
      dots.ask(query);
      dots.of(rows, count, out);
      expect([...out]).toEqual(Array.from({ length: count }, (_, row) => plain(query, rows, row * dim)));
    }
  });

  it('holds the largest sums, and refuses rows that are not there', () => {
    const dots = new ByteDots(8192);
    dots.room.fill(128);
    dots.ask(new Int8Array(8192).fill(-128));
    expect([...dots.ofRoom(3)]).toEqual([2 ** 27, 2 ** 27, 2 ** 27]);
    expect(() => dots.ofRoom(1000)).toThrow(RangeError);
  });

  it('runs what byte-dots-kernel.wat says', async () => {
    const source = readFileSync(new URL('byte-dots-kernel.wat', import.meta.url), 'utf8');
    const { buffer } = (await wabt()).parseWat('byte-dots-kernel.wat', source, { simd: true }).toBinary({});
    expect(Buffer.from(assembled, 'base64').equals(buffer)).toBe(true);
  });
});

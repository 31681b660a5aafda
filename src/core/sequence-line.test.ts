import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SequenceLine } from './sequence-line.ts';

const LATER_US = 10_000;

describe('SequenceLine', () => {
  it.each([8, 16, 32])('goes on over the wrap of a counter of %i bits, with what is missing, and places stragglers before it', (bits) => {
    const range = 2 ** bits;
    const line = new SequenceLine();
    const raws = [range - 4, range - 3, range - 1, 1, range - 2, 2, 0];
    const out = raws.map((raw) => line.next(raw, raw === range - 2 || raw === 0 ? -1 : LATER_US));
    expect(out.map((seq) => seq - range)).toEqual([-4, -3, -1, 1, -2, 2, 0]);
    expect(line).toMatchObject({ wraps: 1, restarts: 0 });
  });

  it('goes on with the next number when a sender starts again', () => {
    const line = new SequenceLine();
    for (let i = 0; i < 500; i++) line.next(i, LATER_US);
    expect([0, 1, 2].map((raw) => line.next(raw, 300_000))).toEqual([500, 501, 502]);
    expect(line.restarts).toBe(1);
  });

  it.each([2 ** 52, 2 ** 40, 2 ** 32 + 500])('loses nothing after a wrong number of %i, and counts on exactly', (wrong) => {
    const line = new SequenceLine();
    const raws = [0, 1, 2, wrong, 3, 4, 5, wrong, 6, 7];
    expect(raws.map((raw) => line.next(raw, LATER_US))).toEqual(raws.map((_, i) => i));
    expect(line.restarts).toBe(4);
  });

  it('takes numbers that begin high for what they are', () => {
    const line = new SequenceLine();
    const first = 1_795_613_077_679_247;
    expect([0, 33_333, 66_666].map((later) => line.next(first + later, LATER_US) - first)).toEqual([0, 33_333, 66_666]);
    expect([0, 1, 2].map((raw) => line.next(raw, LATER_US) - first)).toEqual([66_667, 66_668, 66_669]);
  });

  it('takes a repeated first number for a duplicate unless enough time has passed to start again, or time itself began anew', () => {
    const line = new SequenceLine();
    for (let i = 0; i < 5; i++) line.next(i, LATER_US);
    expect(line.next(0, 1000)).toBe(0);
    expect(line.next(3, 1000)).toBe(3);
    expect(line.next(0, LATER_US, true)).toBe(5);
    expect(line.next(1, LATER_US)).toBe(6);
  });

  it('keeps the order of stragglers, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 60 }), { maxLength: 50 }), (seqs) => {
        const line = new SequenceLine();
        let newest = -1;
        for (const seq of seqs) {
          expect(line.next(seq, seq > newest ? LATER_US : -LATER_US)).toBe(seq);
          newest = Math.max(newest, seq);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWindow } from './byte-window.ts';

const content = (window: ByteWindow): number[] => [...window.data.subarray(window.from, window.to)];

describe('ByteWindow', () => {
  it('behaves like an array that is appended to and cut at its start', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.uint8Array({ maxLength: 6000 }), fc.double({ min: 0, max: 1, noNaN: true }))), (steps) => {
        const window = new ByteWindow();
        let model: number[] = [];
        for (const [chunk, share] of steps) {
          window.push(chunk);
          model = [...model, ...chunk];
          const drop = Math.floor(model.length * share);
          window.drop(drop);
          model = model.slice(drop);
          expect(content(window)).toEqual(model);
        }
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  it('does not grow while what it holds does not', () => {
    const window = new ByteWindow();
    window.push(new Uint8Array(1000));
    for (let round = 0; round < 10_000; round++) {
      window.push(new Uint8Array(500));
      window.drop(500);
    }
    expect(window.length).toBe(1000);
    expect(window.data.length).toBeLessThanOrEqual(4096);
  });

  it('gives its memory back when a big chunk is done with', () => {
    const window = new ByteWindow();
    window.push(new Uint8Array(5_000_000));
    window.drop(5_000_000);
    expect(window.data.length).toBe(4096);
  });
});

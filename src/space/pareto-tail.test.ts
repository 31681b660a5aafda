import { describe, expect, it } from 'vitest';
import { seeded } from './bind/seeded.ts';
import { fitTail, heightFor, rateAt } from './pareto-tail.ts';

/** `count` peaks of a generalised Pareto tail above 2, watched for one day. */
function sample(shape: number, count: number, seed: number): { heights: Float64Array; total: number; watchedUs: number; certain: number } {
  const uniform = seeded(seed);
  const heights = Float64Array.from({ length: count }, () => {
    const share = 1 - uniform();
    return 2 + 0.5 * (shape === 0 ? -Math.log(share) : (share ** -shape - 1) / shape);
  }).sort();
  return { heights, total: count, watchedUs: 86_400e6, certain: Number.NEGATIVE_INFINITY };
}

describe('fitTail', () => {
  it.each([-0.2, 0, 0.15])('finds the height that a tail of shape %d reaches twice a day', (shape) => {
    const truth = 2 + 0.5 * (shape === 0 ? -Math.log(2 / 2000) : ((2 / 2000) ** -shape - 1) / shape);
    const heights = Array.from({ length: 20 }, (_, seed) => heightFor(fitTail(sample(shape, 2000, seed + 1))!, 2));
    const mean = heights.reduce((sum, height) => sum + height, 0) / 20;
    expect(Math.abs(mean - truth) / truth).toBeLessThan(0.12);
  });

  it('asks for more where few peaks leave much open, and its range holds the truth in most cases', () => {
    const few = fitTail(sample(0, 40, 1))!;
    const many = fitTail(sample(0, 400, 1))!;
    const width = (tail: typeof few): number => Math.log(rateAt(tail, 5).high / rateAt(tail, 5).low);
    expect(width(few)).toBeGreaterThan(width(many));
    let held = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const tail = fitTail(sample(0, 150, seed))!;
      const truth = 150 * Math.exp(-(4 - 2) / 0.5);
      const { low, high } = rateAt(tail, 4);
      if (low <= truth && truth <= high) held++;
    }
    expect(held).toBeGreaterThanOrEqual(80);
  });

  it('falls with the height, and undoes itself', () => {
    const tail = fitTail(sample(0, 300, 3))!;
    let last = Number.POSITIVE_INFINITY;
    for (let height = 2; height < 12; height += 0.25) {
      const { expected, low, high } = rateAt(tail, height);
      expect(expected).toBeLessThanOrEqual(last);
      expect(low).toBeLessThanOrEqual(high);
      last = expected;
    }
    for (const perDay of [0.1, 1, 10]) expect(rateAt(tail, heightFor(tail, perDay)).expected).toBeCloseTo(perDay, 4);
  });

  it('leaves events out, and keeps a heavy tail in', () => {
    const plain = sample(0, 100, 4);
    const heights = Float64Array.from([...plain.heights.slice(0, 94), 9, 9.5, 10, 11, 12, 14]).sort();
    expect(fitTail({ ...plain, heights })!.events).toBe(6);
    expect(fitTail({ ...plain, heights, certain: 10 })!.events).toBeLessThanOrEqual(3);
    expect(fitTail(sample(0, 100, 5))!.events).toBe(0);
  });

  it('says nothing from next to nothing, and something sensible from a constant', () => {
    expect(fitTail({ heights: new Float64Array(7), total: 7, watchedUs: 1e9, certain: 0 })).toBeUndefined();
    const flat = fitTail({ heights: new Float64Array(60), total: 60, watchedUs: 1e9, certain: 0 })!;
    const height = heightFor(flat, 2);
    expect(height).toBeGreaterThanOrEqual(0);
    expect(height).toBeLessThan(20);
  });
});

import { describe, expect, it } from 'vitest';
import { hits, intervalByGroup, modalityGap, shareOfHits } from './hits.ts';

const axis = (i: number): Float32Array => Float32Array.from({ length: 3 }, (_, k) => (k === i ? 1 : 0));
const gallery = [axis(0), axis(1), axis(2)];

describe('hits of queries', () => {
  it('counts a query whose own item is nearest, or among so many nearest', () => {
    const query = Float32Array.of(0.9, 0.5, 0.1);
    expect(hits([query, query, query], gallery, [0, 1, 2])).toEqual([true, false, false]);
    expect(hits([query, query, query], gallery, [0, 1, 2], 2)).toEqual([true, true, false]);
  });

  it('refuses a query whose own item is not in the gallery', () => {
    expect(() => hits([axis(0)], gallery, [7])).toThrow(/no item 7/);
  });

  it('means over what there is to find, where balanced', () => {
    const truth = [0, 0, 0, 1];
    const hit = [true, true, true, false];
    expect(shareOfHits(hit, truth, [0, 1, 2, 3], false)).toBe(0.75);
    expect(shareOfHits(hit, truth, [0, 1, 2, 3], true)).toBe(0.5);
  });

  it('draws whole groups: many items of few groups make a wide interval, and the same one each time', () => {
    const hit = Array.from({ length: 400 }, (_, i) => i < 200);
    const value = (rows: readonly number[]): number =>
      shareOfHits(
        hit,
        hit.map(() => 0),
        rows,
        false,
      );
    const few = intervalByGroup(
      hit.map((_, i) => `${Math.floor(i / 100)}`),
      value,
    );
    const many = intervalByGroup(
      hit.map((_, i) => `${i}`),
      value,
    );
    expect(few[1] - few[0]).toBeGreaterThan(0.7);
    expect(many[1] - many[0]).toBeLessThan(0.15);
    expect(many[0]).toBeLessThan(0.5);
    expect(many[1]).toBeGreaterThan(0.5);
    expect(
      intervalByGroup(
        hit.map((_, i) => `${i}`),
        value,
      ),
    ).toEqual(many);
    expect(
      intervalByGroup(
        hit.map(() => 'one'),
        value,
      ),
    ).toEqual([0, 1]);
  });

  it('measures how far two senses lie apart', () => {
    expect(modalityGap([axis(0), axis(1)], [axis(1), axis(0)])).toBe(0);
    expect(modalityGap([axis(0)], [axis(1)])).toBeCloseTo(Math.SQRT2, 6);
  });
});

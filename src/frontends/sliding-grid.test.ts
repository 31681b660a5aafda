import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { channelGrid, type ChannelRow } from './channel-grid.ts';
import { SlidingGrid } from './sliding-grid.ts';

const START = 1_764_000_000_000_000;
const row = (timeUs: number, value: number): ChannelRow => ({ timeUs, values: [value, -value] });

/** Readings of about 200 a second, some missing, some not whole, some at the time of another one. */
const readings = fc
  .array(fc.record({ stepUs: fc.constantFrom(0, 4_000, 5_000, 5_000, 5_137, 6_000, 90_000), value: fc.double({ min: -9, max: 9 }) }), {
    minLength: 20,
    maxLength: 200,
  })
  .map((steps) => {
    let timeUs = START;
    return steps.map(({ stepUs, value }) => row((timeUs += stepUs), value));
  });

describe('SlidingGrid', () => {
  it('gives, bit for bit, what each window gives alone: holes, late readings and odd hops included', () => {
    fc.assert(
      fc.property(
        readings,
        fc.constantFrom(200, 100, 60),
        fc.constantFrom('linear' as const, 'zero' as const),
        fc.array(fc.record({ hopUs: fc.constantFrom(0, 5_000, 20_000, 50_000, 7_300), late: fc.nat(100), lacks: fc.nat(300) }), {
          maxLength: 20,
        }),
        (rows, rateHz, gaps, hops) => {
          const terms = { rateHz, seconds: 0.2, gaps, maxGapMs: 20 };
          const grid = new SlidingGrid<ChannelRow>(2, terms, (member) => member);
          let startUs = START;
          for (const { hopUs, late, lacks } of hops) {
            startUs += hopUs;
            // A reading that the window before did not have yet, and one that lost a channel.
            const members = rows
              .filter(({ timeUs }, i) => timeUs >= startUs && timeUs < startUs + 200_000 && i % 100 !== late)
              .map((member, i) => (i === lacks ? { ...member, values: [1, NaN] } : member));
            const wanted = resultOf(() => channelGrid(members, 2, terms, startUs));
            expect(resultOf(() => grid.next(members, startUs))).toEqual(wanted);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('asks for the new readings only', () => {
    const rows = Array.from({ length: 1000 }, (_, i) => row(START + i * 5_000, i));
    let asked = 0;
    const grid = new SlidingGrid<ChannelRow>(2, { rateHz: 200, seconds: 2, gaps: 'linear', maxGapMs: 100 }, (member) => {
      asked++;
      return member;
    });
    for (let from = 0; from + 400 <= rows.length; from += 100) {
      asked = 0;
      const { data } = grid.next(rows.slice(from, from + 400), START + from * 5_000);
      expect([...data.subarray(0, 400)]).toEqual(Array.from({ length: 400 }, (_, i) => from + i));
      if (from > 0) expect(asked).toBeLessThan(120);
    }
  });

  it('refuses a channel without a value, and goes on with the next window', () => {
    const grid = new SlidingGrid<ChannelRow>(2, { rateHz: 100, seconds: 0.1, gaps: 'linear', maxGapMs: 100 }, (member) => member);
    expect(() => grid.next([{ timeUs: START, values: [1, NaN] }], START)).toThrow('channel 1');
    expect(() => grid.next([], START)).toThrow('channel 0');
    expect([...grid.next([row(START, 3)], START).data.subarray(0, 2)]).toEqual([3, 3]);
  });
});

const resultOf = (make: () => unknown): unknown => {
  try {
    return make();
  } catch (error) {
    return String(error);
  }
};

import { describe, expect, it } from 'vitest';
import { ClockModel } from './clock-model.ts';

/** Uniform 0..1, seeded (Park and Miller). */
const seeded = (seed: number) => () => (seed = (seed * 48271) % 2147483647) / 2147483647;
const exponential = (random: () => number, mean: number): number => -mean * Math.log(1 - random());

describe('ClockModel', () => {
  it('takes readings without a stamp as of their arrival, never backwards', () => {
    const clock = new ClockModel();
    expect(clock.correct(undefined, 1000)?.timeUs).toBe(1000);
    expect(clock.correct(undefined, 900)?.timeUs).toBe(1000);
  });

  it('trusts stamps of a synchronised sender as they are, with the delay as the bound', () => {
    const clock = new ClockModel();
    expect(clock.correct(5_000_000, 5_000_300)).toEqual({ timeUs: 5_000_000, errorUs: 300, segment: 0 });
  });

  it('refuses a single absurd stamp, and believes a clock that stays stepped', () => {
    const clock = new ClockModel();
    for (let i = 0; i < 10; i++) clock.correct(i * 1000, i * 1000 + 10);
    expect(clock.correct(9e15, 10_000)).toBeUndefined();
    expect(clock.correct(Number.NaN, 10_000)).toBeUndefined();
    expect(clock.correct(10_000, 10_010)?.timeUs).toBe(10_000);
    const after = Array.from({ length: 8 }, (_, i) => clock.correct(9e12 + i * 1000, 20_000 + i * 1000));
    expect(after.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined]);
    expect(after.at(-1)?.segment).toBe(1);
    expect(Math.abs((after.at(-1)?.timeUs ?? 0) - 27_000)).toBeLessThan(2000);
  });

  it('finds offset and drift of a counter under exponential jitter within 2 ms after 60 s', () => {
    const random = seeded(7);
    const clock = new ClockModel();
    let worstUs = 0;
    let worstNaiveUs = 0;
    for (let trueUs = 0; trueUs < 120e6; trueUs += 10_000) {
      const deviceUs = trueUs * (1 + 50e-6) + 1e12;
      const arrivalUs = 2e15 + trueUs + exponential(random, 5000);
      const corrected = clock.correct(deviceUs, arrivalUs);
      if (trueUs < 60e6) continue;
      worstUs = Math.max(worstUs, Math.abs((corrected?.timeUs ?? 0) - 2e15 - trueUs));
      worstNaiveUs = Math.max(worstNaiveUs, arrivalUs - 2e15 - trueUs);
    }
    expect(worstUs).toBeLessThan(2000);
    expect(worstNaiveUs).toBeGreaterThan(20_000);
  });

  it('opens a segment when a counter restarts, and time goes on forwards', () => {
    const clock = new ClockModel();
    let last = 0;
    for (let i = 0; i < 200; i++) last = clock.correct(i * 20_000, 1e15 + i * 20_000)?.timeUs ?? 0;
    const again = clock.correct(0, 1e15 + 250 * 20_000);
    expect(again?.segment).toBe(1);
    expect(again?.timeUs).toBeGreaterThanOrEqual(last);
  });

  it('never lets time run backwards when a lower delay shows that the line was too high', () => {
    const clock = new ClockModel();
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 300; i++) {
      const delay = i < 50 ? 80_000 : 1000;
      const time = clock.correct(i * 20_000, 1e15 + i * 20_000 + delay)?.timeUs ?? 0;
      expect(time).toBeGreaterThan(last);
      last = time;
    }
    expect(last).toBeCloseTo(1e15 + 299 * 20_000 + 1000, -3);
  });
});

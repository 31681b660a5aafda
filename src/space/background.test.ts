import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomScores, TAIL_KINDS, type TailKind } from '../../bench/random-scores.ts';
import { seeded } from './bind/seeded.ts';
import { Background, BACKGROUND_CELLS, HOT_CELLS } from './background.ts';

const HOUR = 3600;
const HZ = 2;

/** Feeds `seconds` of scores; counts how often the score rises over the threshold, at most once in 10 s. */
function watch(background: Background, seconds: number, scoreAt: (i: number) => number, from = 0): { alarms: number; firstAt: number } {
  let alarms = 0;
  let firstAt = Number.POSITIVE_INFINITY;
  let isRaised = false;
  let deafUntil = 0;
  for (let i = from * HZ; i < (from + seconds) * HZ; i++) {
    const { threshold } = background;
    const score = scoreAt(i);
    const second = i / HZ;
    if (threshold !== undefined) {
      firstAt = Math.min(firstAt, second);
      if (isRaised && score < background.clearBelow(threshold)) {
        isRaised = false;
        deafUntil = second + 10;
      } else if (!isRaised && score >= threshold && second >= deafUntil) {
        isRaised = true;
        alarms++;
      }
    }
    background.push(score, (second + 1) * 1e6, isRaised);
  }
  return { alarms, firstAt };
}

const noise = (tail: TailKind, seed: number, level = 0.15, spread = 0.02, correlation = 0.5): (() => number) => {
  const next = randomScores({ tail, correlation, seed });
  return () => level + spread * next();
};

describe('Background', () => {
  it.each(TAIL_KINDS)('keeps about the rate that was asked for on %s scores', (tail) => {
    let alarms = 0;
    let days = 0;
    for (let seed = 1; seed <= 4; seed++) {
      const background = new Background(24);
      const one = watch(background, 8 * HOUR, noise(tail, seed));
      alarms += one.alarms;
      days += (8 * HOUR - one.firstAt) / 86_400;
    }
    // 24 a day over more than a day: 31 expected.
    // A tail that ends is known to end only after days: till then fewer.
    expect(alarms / days).toBeGreaterThan(tail === 'bounded' ? -1 : 24 / 3);
    expect(alarms / days).toBeLessThan(24 * 2);
  });

  it('has no threshold before it has seen enough, and says how much that is', () => {
    const background = new Background(2);
    const { firstAt } = watch(background, HOUR, noise('normal', 1));
    expect(firstAt).toBeGreaterThan(5 * 60);
    expect(firstAt).toBeLessThan(20 * 60);
    const early = new Background(2);
    watch(early, 240, noise('normal', 1));
    expect(early.threshold).toBeUndefined();
    expect(early.report()).toMatchObject({ peaksNeeded: 40 });
    expect(early.report().peaks).toBeLessThan(40);
  });

  it('is hardly moved by the events themselves', () => {
    const uniform = seeded(5);
    const plain = noise('normal', 3);
    const spoilt = noise('normal', 3);
    const quiet = new Background(2);
    const busy = new Background(2);
    for (let i = 0; i < 2 * HOUR * HZ; i++) {
      quiet.push(plain(), (i / HZ + 1) * 1e6, false);
      // Three seconds of something every five minutes, from the start.
      busy.push(spoilt() + (i % 600 < 6 ? 0.3 + 0.1 * uniform() : 0), (i / HZ + 1) * 1e6, false);
    }
    expect(busy.threshold! - quiet.threshold!).toBeLessThan(0.03);
    expect(busy.report().events).toBeGreaterThan(5);
  });

  it('takes what an alert before its own threshold saw for background, short excursions left out, and takes it out again when it was right', () => {
    const learn = (isUp: (score: number, i: number) => boolean, excursions: boolean): Background => {
      const scores = noise('normal', 3);
      const background = new Background(2);
      for (let i = 0; background.threshold === undefined; i++) {
        const score = scores() + (excursions && i > 600 && i % 400 < 6 ? 0.3 : 0);
        background.push(score, (i / HZ + 1) * 1e6, isUp(score, i));
      }
      return background;
    };
    const plain = learn(() => false, false).threshold!;
    expect(learn(() => true, false).threshold).toBeCloseTo(plain, 9);
    expect(learn((score) => score > 0.16, true).threshold! - plain).toBeLessThan(0.03);
    const marked = learn((_, i) => i >= 800 && i < 806, true);
    const before = marked.report().peaks;
    marked.judge((800 / HZ + 1) * 1e6, true);
    expect(marked.report().peaks).toBe(before - 1);
  });

  it('goes on at another place of memory as if it had stayed', () => {
    const [one, other] = [new Background(2), new Background(2)];
    const hot = new Float64Array(3 * HOT_CELLS);
    for (let i = 0; i < 4000; i++) {
      if (i === 20 || i === 2000) other.moveTo(hot, HOT_CELLS * (i === 20 ? 1 : 2));
      for (const background of [one, other]) background.push(0.1 + 0.02 * Math.sin(i * 1.7) * Math.sin(i * i), (i + 1) * 1e6, false);
    }
    expect(other.cells).toEqual(one.cells);
    expect(other.threshold).toBe(one.threshold);
  });

  it('follows dusk without an alarm, and reports a change at once as one', () => {
    const scores = noise('normal', 4);
    const background = new Background(2);
    // Twelve hours in which the level falls by ten spreads in one.
    const dusk = (i: number): number => scores() - 0.2 * Math.min(1, Math.max(0, (i / HZ - 6 * HOUR) / HOUR));
    expect(watch(background, 12 * HOUR, dusk).alarms).toBeLessThanOrEqual(4);
    expect(background.report().changes).toBe(0);
    const fan = (): number => scores() + 0.1;
    const { alarms } = watch(background, HOUR, fan, 12 * HOUR);
    expect(alarms).toBeLessThanOrEqual(3);
    expect(background.report().changes).toBe(1);
    expect(background.report().level).toBeCloseTo(0.25, 1);
  });

  it('keeps its distance from a constant scene, and from the noise after it', () => {
    const background = new Background(2);
    const still = (i: number): number => 0.1 + 1e-4 * Math.sin(i);
    expect(watch(background, 2 * HOUR, still).alarms).toBe(0);
    expect(background.threshold! - 0.1).toBeGreaterThan(0.0195);
    expect(watch(background, 600, (i) => still(i) + 0.004 * (i % 2), 2 * HOUR).alarms).toBe(0);
  });

  it('takes alarms in as background when they come far more often than was asked, and says so', () => {
    const scores = noise('normal', 6);
    const background = new Background(2);
    watch(background, HOUR, scores);
    const hammer = (i: number): number => scores() + (i % (90 * HZ) < 4 ? 0.4 : 0);
    const { alarms } = watch(background, 10 * HOUR, hammer, HOUR);
    expect(alarms).toBeGreaterThan(2);
    expect(alarms).toBeLessThan(30);
    expect(background.report().gaveUpUs).toBeGreaterThan(0);
  });

  it('goes up when an alarm was wrong, and comes back when it was right after all', () => {
    const scores = noise('normal', 7);
    const background = new Background(2);
    watch(background, HOUR, scores);
    const before = background.threshold!;
    const alarmUs = (HOUR + 1) * 1e6;
    background.push(before + 0.05, alarmUs, true);
    for (let i = 1; i < 60; i++) background.push(0.15, alarmUs + i * 500_000, false);
    background.judge(alarmUs, true);
    const confirmed = background.threshold!;
    background.judge(alarmUs, false);
    const refused = background.threshold!;
    expect(refused).toBeGreaterThan(confirmed);
    background.judge(12345, false);
    expect(background.threshold!).toBe(refused);
    background.judge(alarmUs, true);
    expect(background.threshold!).toBeLessThan(refused);
  });

  it('goes on from its numbers as if it had never stopped', () => {
    const scores = noise('exponential', 8);
    const one = new Background(2);
    watch(one, HOUR, scores);
    const other = new Background(2, Float64Array.from(one.cells));
    const next = noise('exponential', 9);
    const same = noise('exponential', 9);
    expect(watch(one, HOUR, next, HOUR)).toEqual(watch(other, HOUR, same, HOUR));
    expect(Array.from(other.cells)).toEqual(Array.from(one.cells));
    expect(one.cells.length).toBe(BACKGROUND_CELLS);
  });

  it('leaves out what comes late or is no number, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.double(), fc.double({ noNaN: true })), { maxLength: 200 }), (odd) => {
        const background = new Background(2);
        for (let i = 0; i < 100; i++) background.push(0.1 + 0.01 * Math.sin(i), (i + 1) * 1e6, false);
        for (const [score, endUs] of odd) background.push(score, Math.min(endUs, 1e15), false);
        for (const cell of background.cells) expect(Number.isNaN(cell)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('counts alarms of a higher and a lower threshold over what it has kept', () => {
    const scores = noise('normal', 10);
    const background = new Background(2);
    watch(background, 3 * HOUR, scores);
    const { threshold } = background;
    expect(background.reached(threshold!, 0)).toBeLessThanOrEqual(background.reached(threshold! - 0.02, 0));
    expect(background.reached(threshold! - 0.03, 0)).toBeGreaterThan(3);
    expect(background.reached(threshold! - 0.03, 1e15)).toBe(0);
  });
});

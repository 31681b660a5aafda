import { describe, expect, it } from 'vitest';
import { ClockModel } from './clock-model.ts';
import type { ClockState } from './clock-state.ts';

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

const EPOCH_US = 1.75e15;

/** Feeds stamps that come after `delayUs`, each `everyUs`, and gives the corrected times back. */
const feed = (clock: ClockModel, stamps: readonly number[], everyUs: number, fromUs = EPOCH_US) =>
  stamps.map((stamp, i) => clock.correct(stamp, fromUs + i * everyUs));
const counting = (count: number, fromUs: number, stepUs: number) => Array.from({ length: count }, (_, i) => fromUs + i * stepUs);
const modelWithNotes = () => {
  const notes: Record<string, number> = {};
  const states: ClockState[] = [];
  const clock = new ClockModel({ note: (what) => (notes[what] = (notes[what] ?? 0) + 1), onChange: (state) => states.push(state) });
  return { clock, notes, states };
};

describe('the bound of the error', () => {
  it('holds from the first second on, whatever the jitter, and shrinks to below a millisecond', () => {
    const jitters = [
      (random: () => number) => exponential(random, 5000),
      (random: () => number) => 20_000 * random(),
      (random: () => number) => exponential(random, 2000) + exponential(random, 2000),
      () => 3000,
    ];
    for (const [kind, jitter] of jitters.entries()) {
      const random = seeded(11 + kind);
      const clock = new ClockModel();
      const drift = (random() - 0.5) * 200e-6;
      const least = kind === 3 ? 3000 : 0;
      for (let trueUs = 0; trueUs < 70e6; trueUs += 10_000) {
        const corrected = clock.correct(trueUs * (1 + drift) + 7e8, EPOCH_US + trueUs + jitter(random));
        if (trueUs < 1e6) continue;
        expect(Math.abs((corrected?.timeUs ?? 0) - EPOCH_US - least - trueUs)).toBeLessThan(corrected?.errorUs ?? 0);
        if (trueUs > 60e6) expect(corrected?.errorUs).toBeLessThan(2000);
      }
      expect(clock.state.phase).toBe('fitted');
      // A device whose clock is fast has stamps that grow more quickly: ours is slower.
      expect(Math.abs(clock.state.driftPpm + drift * 1e6)).toBeLessThan(20);
    }
  });

  it('of a time of arrival is what the arrivals scatter', () => {
    const random = seeded(3);
    const even = new ClockModel();
    const uneven = new ClockModel();
    for (let i = 0; i < 500; i++) {
      even.correct(undefined, i * 20_000);
      uneven.correct(undefined, i * 20_000 + 15_000 * random());
    }
    expect(even.state).toMatchObject({ phase: 'arrival', errorUs: 0 });
    expect(uneven.state.errorUs).toBeGreaterThan(5000);
    expect(uneven.state.errorUs).toBeLessThanOrEqual(30_000);
  });
});

describe('a segment', () => {
  const steps: [string, (i: number) => number, RegExp][] = [
    ['back by 5 s', (i) => (i < 1000 ? 9e8 + i * 10_000 : 9e8 + i * 10_000 - 5e6), /stepped by -/],
    ['forwards by 5 s', (i) => (i < 1000 ? 9e8 + i * 10_000 : 9e8 + i * 10_000 + 5e6), /stepped by \+5/],
    ['forwards by 0.4 s', (i) => (i < 1000 ? 9e8 + i * 10_000 : 9e8 + i * 10_000 + 4e5), /stepped by \+0\.4/],
    ['back by 0.4 s', (i) => (i < 1000 ? 9e8 + i * 10_000 : 9e8 + i * 10_000 - 4e5), /stepped by -0\.4/],
    ['to zero', (i) => (i < 1000 ? 9e8 + i * 10_000 : (i - 1000) * 10_000), /counter began again/],
  ];
  it.each(steps)('begins when the clock of the device steps %s, and time goes on forwards', (_, stampOf, why) => {
    const { clock, states } = modelWithNotes();
    let newestUs = 0;
    let newestStamp = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < 3000; i++) {
      const stamp = stampOf(i);
      const arrivalUs = EPOCH_US + i * 10_000;
      const corrected = clock.correct(stamp, arrivalUs);
      // Before a small step back is understood its stamps look like stragglers; those keep their order.
      if (stamp > newestStamp || corrected?.segment !== 0) expect(corrected?.timeUs).toBeGreaterThanOrEqual(newestUs);
      newestUs = Math.max(newestUs, corrected?.timeUs ?? 0);
      newestStamp = Math.max(newestStamp, stamp);
    }
    expect(Math.abs(newestUs - EPOCH_US - 2999 * 10_000)).toBeLessThan(1000);
    expect(clock.state).toMatchObject({ segment: 1, phase: 'fitted' });
    expect(clock.state.began).toMatch(why);
    expect(states.some(({ segment, phase }) => segment === 1 && phase === 'warmingUp')).toBe(true);
  });

  it('begins at once for a small step back where numbers say that nothing was overtaken', () => {
    const clock = new ClockModel();
    for (let i = 0; i < 500; i++) clock.correct(9e8 + i * 10_000, EPOCH_US + i * 10_000, true);
    expect(clock.correct(9e8 + 4_600_000, EPOCH_US + 5_000_000, true)?.segment).toBe(1);
  });

  it('does not begin for a queue that empties itself', () => {
    const clock = new ClockModel();
    feed(clock, counting(1000, 9e8, 10_000), 10_000);
    // Three seconds of readings in one burst.
    const burst = counting(300, 9e8 + 10e6, 10_000).map((stamp) => clock.correct(stamp, EPOCH_US + 13e6));
    expect(burst.every((one) => one?.segment === 0)).toBe(true);
    expect(Math.abs((burst[0]?.timeUs ?? 0) - EPOCH_US - 10e6)).toBeLessThan(1000);
    expect(Math.abs((burst[299]?.timeUs ?? 0) - EPOCH_US - 12.99e6)).toBeLessThan(1000);
  });

  it('begins when a counter of 32 bits wraps, and the fit goes on without a seam', () => {
    const { clock } = modelWithNotes();
    const times = feed(
      clock,
      counting(2000, 2 ** 32 - 10e6, 10_000).map((stamp) => stamp % 2 ** 32),
      10_000,
    );
    expect(clock.state).toMatchObject({ segment: 1, began: "the sender's counter wrapped", phase: 'fitted' });
    for (let i = 1; i < times.length; i++) expect((times[i]?.timeUs ?? 0) - (times[i - 1]?.timeUs ?? 0)).toBe(10_000);
  });

  it('begins when the clock of the host is set, and a fitted clock goes with it without a new warm-up', () => {
    const clock = new ClockModel();
    feed(clock, counting(1000, 9e8, 10_000), 10_000);
    clock.hostStepped(3.6e9);
    const after = feed(clock, counting(3, 9e8 + 10e6, 10_000), 10_000, EPOCH_US + 3.6e9 + 10e6);
    expect(after.map((one) => Math.round(((one?.timeUs ?? 0) - EPOCH_US - 3.61e9) / 1000))).toEqual([0, 10, 20]);
    expect(clock.state).toMatchObject({ segment: 1, phase: 'fitted' });
  });

  it('trusts a sender again whose clock was set right', () => {
    const clock = new ClockModel();
    feed(clock, counting(500, EPOCH_US - 3600e6, 10_000), 10_000);
    expect(clock.state.phase).toBe('fitted');
    feed(clock, counting(10, EPOCH_US + 5e6, 10_000), 10_000, EPOCH_US + 5_001_000);
    expect(clock.state).toMatchObject({ phase: 'synchronised', segment: 1 });
  });
});

describe('bad stamps', () => {
  const units: [string, number][] = [
    ['milliseconds', 1e-3],
    ['nanoseconds', 1e3],
    ['seconds', 1e-6],
  ];
  it.each(units)('in %s since the epoch are named, counted and converted', (name, factor) => {
    const { clock, notes } = modelWithNotes();
    const times = feed(
      clock,
      counting(10, EPOCH_US - 2000, 10_500).map((stamp) => stamp * factor),
      10_500,
    );
    expect(clock.state.complaint).toContain(`in ${name}, not microseconds`);
    expect(notes['wrongUnit']).toBe(10);
    // Microseconds of today are 51 bits: as seconds a double keeps a quarter of one.
    expect(times.map((one, i) => Math.abs((one?.timeUs ?? 0) - EPOCH_US + 2000 - i * 10_500) <= 1)).not.toContain(false);
  });

  it('in whole seconds are left, because the arrival knows better', () => {
    const { clock } = modelWithNotes();
    const [time] = feed(clock, [EPOCH_US / 1e6], 0, EPOCH_US + 400_000);
    expect(time?.timeUs).toBe(EPOCH_US + 400_000);
    expect(clock.state).toMatchObject({ phase: 'arrival' });
    expect(clock.state.complaint).toContain('whole seconds');
  });

  it('in seconds are converted also where one is whole by chance', () => {
    for (const at of [0, 3]) {
      const { clock } = modelWithNotes();
      const stamps = Array.from({ length: 8 }, (_, i) => EPOCH_US / 1e6 + (i - at) / 4);
      const times = feed(clock, stamps, 250_000, (stamps[0] ?? 0) * 1e6);
      // The first one says nothing of parts yet.
      expect(times.slice(1).map((one) => one?.timeUs)).toEqual(stamps.slice(1).map((stamp) => stamp * 1e6));
      expect(clock.state.complaint).toContain('in seconds, not microseconds');
    }
  });

  it('of a counter in milliseconds are found out by their rate', () => {
    const { clock } = modelWithNotes();
    const times = feed(clock, counting(1000, 5000, 10), 10_000);
    expect(clock.state.complaint).toContain('in milliseconds');
    expect(Math.abs((times.at(-1)?.timeUs ?? 0) - EPOCH_US - 9.99e6)).toBeLessThan(2000);
    expect(times.every((one, i) => i === 0 || (one?.timeUs ?? 0) >= (times[i - 1]?.timeUs ?? 0))).toBe(true);
  });

  it('that stand still are left for the arrival, named and counted', () => {
    const { clock, notes } = modelWithNotes();
    const times = feed(clock, Array<number>(300).fill(0), 10_000);
    expect(clock.state.complaint).toContain('stands still at 0');
    expect(notes['stuckStamp']).toBeGreaterThan(150);
    expect(notes['repeatedStamp']).toBe(299);
    expect(times.at(-1)?.timeUs).toBe(EPOCH_US + 2.99e6);
    feed(clock, counting(300, 1000, 10_000), 10_000, EPOCH_US + 3e6);
    expect(clock.state).toMatchObject({ segment: 1, began: "the sender's stamp moves again" });
  });

  it('of a synchronised sender that lie in the future are used, with how far as their error', () => {
    const { clock, notes } = modelWithNotes();
    const [time] = feed(clock, [EPOCH_US + 300_000], 0);
    expect(time).toEqual({ timeUs: EPOCH_US + 300_000, errorUs: 300_000, segment: 0 });
    expect(notes['futureStamp']).toBe(1);
    expect(clock.state.complaint).toMatch(/300 ms after their arrival/);
  });

  it('that are no numbers are refused, named, and forgotten once all is well again', () => {
    const { clock } = modelWithNotes();
    feed(clock, counting(10, EPOCH_US, 10_000), 10_000);
    expect(clock.correct(Number.NaN, EPOCH_US + 100_000)).toBeUndefined();
    expect(clock.state.complaint).toContain('a stamp is NaN');
    feed(clock, counting(300, EPOCH_US + 100_000, 10_000), 10_000, EPOCH_US + 100_000);
    expect(clock.state.complaint).toBe('');
  });

  it('that decrease because they were overtaken are placed where they belong, and counted', () => {
    const { clock, notes } = modelWithNotes();
    feed(clock, counting(1000, 9e8, 10_000), 10_000);
    const late = clock.correct(9e8 + 9_900_000, EPOCH_US + 10_000_000);
    expect(late?.timeUs).toBe(EPOCH_US + 9_900_000);
    expect(notes['decreasingStamp']).toBe(1);
  });
});

describe('numbers without stamps', () => {
  it('count the time of a device that reads evenly, at a rate that nobody told', () => {
    const random = seeded(5);
    const clock = new ClockModel();
    const periodUs = 5043.7;
    let worstUs = 0;
    let naiveUs = 0;
    for (let seq = 0; seq < 14_000; seq++) {
      const trueUs = EPOCH_US + seq * periodUs;
      const lateUs = exponential(random, 5000);
      const { timeUs, errorUs } = clock.correctSequence(seq, trueUs + lateUs);
      if (seq < 12_000) continue;
      worstUs = Math.max(worstUs, Math.abs(timeUs - trueUs));
      naiveUs = Math.max(naiveUs, lateUs);
      expect(errorUs).toBeLessThan(3000);
    }
    expect(clock.state.phase).toBe('fitted');
    expect(worstUs).toBeLessThan(2000);
    expect(naiveUs).toBeGreaterThan(20_000);
  });

  it('say nothing where readings come when something happens', () => {
    const random = seeded(9);
    const clock = new ClockModel();
    let arrivalUs = EPOCH_US;
    for (let seq = 0; seq < 2000; seq++) {
      arrivalUs += exponential(random, 400_000);
      expect(clock.correctSequence(seq, arrivalUs).timeUs).toBe(Math.round(arrivalUs));
    }
    expect(clock.state.phase).toBe('arrival');
  });

  it('are learnt anew when the sender started again', () => {
    const clock = new ClockModel();
    for (let seq = 0; seq < 1000; seq++) clock.correctSequence(seq, EPOCH_US + seq * 10_000);
    expect(clock.state.phase).toBe('fitted');
    clock.sequenceRestarted();
    const { timeUs, segment } = clock.correctSequence(1000, EPOCH_US + 30e6);
    expect({ timeUs, segment }).toEqual({ timeUs: EPOCH_US + 30e6, segment: 1 });
  });
});

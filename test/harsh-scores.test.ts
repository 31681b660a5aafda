/** False alarms against what was asked, and events found, on backgrounds that are none of the easy ones: slow, rounded, bounded, near 1, silent. */
import { describe, expect, it } from 'vitest';
import { randomScores, type TailKind } from '../bench/random-scores.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { Watch } from '../src/alerts/watch.ts';
import { seeded } from '../src/space/bind/seeded.ts';

interface Trial {
  readonly perDay: number;
  readonly stepS: number;
  readonly hours: number;
  /** An event of four seconds so often. */
  readonly eventEveryS?: number;
  readonly scoreAt: (seed: number) => (second: number, isEvent: boolean) => number;
}

/** Alarms outside events over what was asked, and the share of events found, over so many streams. */
function judge({ perDay, stepS, hours, eventEveryS = Infinity, scoreAt }: Trial, seeds: number) {
  const rule = ruleSchema.parse({ id: 'r', query: { text: 'x' }, falseAlarmsPerDay: perDay });
  let [alarms, days, found, events] = [0, 0, 0, 0];
  for (let seed = 1; seed <= seeds; seed++) {
    const watch = new Watch('s', 'audio', 'space', rule);
    const next = scoreAt(seed);
    const [seen, raised] = [new Set<number>(), new Set<number>()];
    for (let second = 0; second < hours * 3600; second += stepS) {
      const isEvent = second % eventEveryS > eventEveryS - 4;
      const isKnown = watch.background.threshold !== undefined;
      const endUs = 1e15 + second * 1e6;
      watch.judge(next(second, isEvent), { startUs: endUs, endUs, errorUs: 0 }, rule, true);
      if (!isKnown) continue;
      days += stepS / 86_400;
      if (!isEvent && watch.change === 'raised') alarms++;
      if (!isEvent) continue;
      seen.add(Math.floor(second / eventEveryS));
      if (watch.state.isRaised) raised.add(Math.floor(second / eventEveryS));
    }
    found += raised.size;
    events += seen.size;
  }
  return { ratio: alarms / days / perDay, alarms, recall: found / events };
}

const noise =
  (tail: TailKind, correlation: number, { level = 0.15, spread = 0.02, height = 0 } = {}) =>
  (seed: number) => {
    const next = randomScores({ tail, correlation, seed: 31 * seed });
    const uniform = seeded(seed);
    return (_: number, isEvent: boolean): number => level + spread * (next() + (isEvent ? height * (1 + uniform()) : 0));
  };

describe('a rule for at most N false alarms a day', () => {
  it.each<[string, Trial]>([
    ['a tail that ends', { perDay: 24, stepS: 0.5, hours: 10, scoreAt: noise('bounded', 0.7) }],
    ['a heavy tail', { perDay: 24, stepS: 0.5, hours: 10, scoreAt: noise('heavy', 0.7, { spread: 0.01 }) }],
    ['a picture every four minutes', { perDay: 10, stepS: 240, hours: 480, scoreAt: noise('normal', 0) }],
    ['a window every ten seconds', { perDay: 24, stepS: 10, hours: 24, scoreAt: noise('exponential', 0.5) }],
    ['four windows a second', { perDay: 48, stepS: 0.25, hours: 6, scoreAt: noise('laplace', 0.8) }],
    [
      'scores that come near to 1',
      {
        perDay: 24,
        stepS: 0.5,
        hours: 10,
        scoreAt: (seed) => {
          const next = noise('exponential', 0.5, { level: 0, spread: 1 })(seed);
          return () => Math.tanh(0.2 + 0.25 * next(0, false));
        },
      },
    ],
  ])('keeps within a factor of two or so: %s', (_, trial) => {
    const { ratio } = judge(trial, 6);
    expect(ratio).toBeGreaterThan(0.4);
    expect(ratio).toBeLessThan(2);
  });

  it('counts what rises and falls over half a minute as few alarms', () => {
    const { ratio } = judge({ perDay: 24, stepS: 0.5, hours: 10, scoreAt: noise('normal', 0.983) }, 6);
    expect(ratio).toBeGreaterThan(0.2);
    expect(ratio).toBeLessThan(2);
  });

  it.each([0.01, 0.02])('gives no more than that on scores rounded to %d', (grain) => {
    const scoreAt: Trial['scoreAt'] = (seed) => {
      const next = noise('normal', 0.6, { spread: 0.015 })(seed);
      return () => Math.round(next(0, false) / grain) * grain;
    };
    expect(judge({ perDay: 10, stepS: 0.5, hours: 10, scoreAt }, 6).ratio).toBeLessThan(1.5);
  });

  it('is not crossed by the noise that begins after silence: it is learnt anew', () => {
    const scoreAt: Trial['scoreAt'] = (seed) => {
      const next = noise('normal', 0.6, { level: 0, spread: 1 })(seed);
      return (second) => 0.2 + (second < 5400 ? 1e-4 : 0.02) * next(0, false);
    };
    // Ten streams of ten hours: 8.3 are allowed.
    expect(judge({ perDay: 2, stepS: 0.5, hours: 10, scoreAt }, 10).alarms).toBeLessThan(25);
  });

  it('finds events that come far more often than it may be wrong, where they stand out', () => {
    const scoreAt = noise('normal', 0.6, { height: 9 });
    const { recall, ratio } = judge({ perDay: 2, stepS: 0.5, hours: 10, eventEveryS: 2400, scoreAt }, 6);
    expect(recall).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(2.5);
  });
});

import { describe, expect, it } from 'vitest';
import { AlertState, type AlertTerms } from './alert-state.ts';

const terms: AlertTerms = { threshold: 0.3, clearBelow: 0.25, holdMs: 0, cooldownMs: 0 };

const run = (scores: readonly number[], options: Partial<AlertTerms> = {}): (string | undefined)[] => {
  const state = new AlertState();
  return scores.map((score, i) => state.step(score, i * 500_000, { ...terms, ...options }));
};

describe('AlertState', () => {
  it('raises at the threshold and clears only below clearBelow', () => {
    expect(run([0.29, 0.3, 0.26, 0.25, 0.31, 0.24, 0.1])).toEqual([
      undefined,
      'raised',
      undefined,
      undefined,
      undefined,
      'cleared',
      undefined,
    ]);
  });

  it('waits for the hold, and begins again when the score falls in between', () => {
    expect(run([0.4, 0.4, 0.2, 0.4, 0.4, 0.4], { holdMs: 1000 })).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      'raised',
    ]);
  });

  it('is deaf for the cooldown after a clear, and a hold begins only then', () => {
    expect(run([0.4, 0.1, 0.4, 0.4, 0.4], { cooldownMs: 1500 })).toEqual(['raised', 'cleared', undefined, undefined, 'raised']);
  });

  it('takes NaN for quiet', () => {
    expect(run([Number.NaN, 0.4])).toEqual([undefined, 'raised']);
  });

  it('goes on with what was raised before a restart', () => {
    const state = new AlertState();
    state.restore();
    expect(state.step(0.1, 0, terms)).toBe('cleared');
  });
});

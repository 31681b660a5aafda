import { describe, expect, it } from 'vitest';
import { ScoreHistory, type Series } from './score-history.ts';

const small = () => new ScoreHistory({ spanMs: 1000, binMs: 100, holeMs: 300 });
const filled = (history: ScoreHistory, endMs: number, source = 'mic'): Series => {
  const values: Series = [];
  history.fill(endMs, [], [{ source, values }]);
  return values;
};

describe('ScoreHistory', () => {
  it('keeps the highest score of a bin and the newest score of a source', () => {
    const history = small();
    history.push('mic', 1000, 0.2);
    history.push('mic', 1050, 0.5);
    history.push('mic', 1090, 0.1);
    expect(filled(history, 1000).at(-1)).toBeCloseTo(0.5);
    expect(history.newest('mic')).toBe(0.1);
  });

  it('passes over bins between scores, and breaks the line at a hole', () => {
    const history = small();
    history.push('mic', 100, 0.1);
    history.push('mic', 300, 0.2);
    history.push('mic', 900, 0.3);
    const values = filled(history, 900);
    expect(values.map((value) => (typeof value === 'number' ? Math.round(value * 10) : value))).toEqual([
      null,
      1,
      undefined,
      2,
      undefined,
      undefined,
      undefined,
      null,
      null,
      3,
    ]);
  });

  it('forgets what is older than its span, also across a long silence', () => {
    const history = small();
    history.push('mic', 0, 0.9);
    history.push('mic', 950, 0.1);
    history.push('mic', 5000, 0.2);
    expect(filled(history, 5000).filter((value) => typeof value === 'number')).toHaveLength(1);
    history.push('mic', 10, 0.9);
    expect(history.since('mic', 0)).toHaveLength(1);
  });

  it('gives the scores of the last while, and takes no nonsense', () => {
    const history = small();
    for (let i = 0; i < 10; i++) history.push('mic', i * 100, i);
    history.push('mic', Number.NaN, 5);
    history.push('mic', 1000, Number.NaN);
    expect(history.since('mic', 700)).toEqual([7, 8, 9]);
    expect(history.since('nobody', 0)).toEqual([]);
  });
});

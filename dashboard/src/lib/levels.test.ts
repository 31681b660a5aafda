import { describe, expect, it } from 'vitest';
import { HEAT, RANGE } from './colour-map.ts';
import { ledgerBySource } from './ledger-summary.ts';
import { SignalHistory } from './signal-history.ts';
import { suggestThreshold } from './suggest-threshold.ts';
import { reasonWords, ruleIdFor } from './words.ts';

const noise = (mean: number, spread: number, count = 80) => Array.from({ length: count }, (_, i) => mean + spread * Math.sin(i * 12.9898));

describe('suggestThreshold', () => {
  it('lies above a calm background, at least by the margin', () => {
    const suggestion = suggestThreshold(new Map([['mic', noise(0.14, 0.001)]]));
    expect(suggestion).toMatchObject({ source: 'mic', above: 0 });
    expect(suggestion?.threshold).toBeCloseTo(0.165, 9);
  });

  it('is not moved by an event in the background, and says that something went over it', () => {
    const calm = suggestThreshold(new Map([['mic', noise(0.14, 0.02)]]));
    const withEvent = suggestThreshold(new Map([['mic', [...noise(0.14, 0.02), 0.6, 0.7, 0.65]]]));
    expect(Math.abs((withEvent?.threshold ?? 0) - (calm?.threshold ?? 0))).toBeLessThan(0.02);
    expect(withEvent?.above).toBe(3);
  });

  it('goes above the highest background of several sources, and waits for enough scores', () => {
    const both = new Map([
      ['front', noise(0.25, 0.01)],
      ['mic', noise(0.1, 0.01)],
    ]);
    expect(suggestThreshold(both)?.source).toBe('front');
    expect(suggestThreshold(new Map([['mic', [0.1, 0.2]]]))).toBeUndefined();
  });
});

describe('SignalHistory', () => {
  it('hands out the newest rows in one piece, oldest first', () => {
    const history = new SignalHistory(2, 4);
    for (let i = 0; i < 11; i++) {
      history.push(i, Float32Array.of(i, -i));
      const [times, a, b] = history.view(0, 2);
      const expected = Array.from({ length: Math.min(4, i + 1) }, (_, k) => Math.max(0, i - 3) + k);
      expect([[...times], [...(a ?? [])], [...(b ?? [])].map((value) => 0 - value)]).toEqual([expected, expected, expected]);
    }
    expect(history.newestSeconds).toBe(10);
  });
});

describe('colour maps', () => {
  /** Relative luminance, roughly: what is left of a colour in grey. */
  const grey = (word: number) => 0.2126 * (word & 255) ** 2.2 + 0.7152 * ((word >> 8) & 255) ** 2.2 + 0.0722 * ((word >> 16) & 255) ** 2.2;
  it.each([
    ['heat', HEAT, 1],
    ['range', RANGE, -1],
  ])('%s grows evenly in lightness', (_name, map, direction) => {
    for (let i = 8; i < 256; i += 8) expect(direction * (grey(map[i] ?? 0) - grey(map[i - 8] ?? 0))).toBeGreaterThan(0);
  });
});

describe('words', () => {
  it('makes ids that the server takes, each once', () => {
    const taken = new Set<string>();
    for (const prompt of ['Glass breaking!', 'glass breaking', '  ', 'Ä Ö ü', '火事', 'x'.repeat(300), '--a--']) {
      const id = ruleIdFor(prompt, taken);
      expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/);
      expect(taken.has(id)).toBe(false);
      taken.add(id);
    }
    expect([...taken].slice(0, 2)).toEqual(['glass-breaking', 'glass-breaking-2']);
  });

  it('reads reasons as words', () => expect(reasonWords('badChecksum')).toBe('bad checksum'));
});

describe('ledgerBySource', () => {
  const line = (source: string, stage: string, more: object = {}) => ({
    source,
    stage,
    received: 10,
    emitted: 8,
    dropped: { late: 1 },
    inFlight: 1,
    noted: {},
    sums: true,
    ...more,
  });

  it('groups stages, adds their losses, and doubts a source with one line that does not add up', () => {
    const [mic, front] = ledgerBySource([line('mic', 'input'), line('front', 'input'), line('mic', 'window', { sums: false, emitted: 3 })]);
    expect(mic).toMatchObject({ source: 'mic', received: 10, emitted: 3, dropped: { late: 2 }, droppedTotal: 2, inFlight: 2, sums: false });
    expect(front?.sums).toBe(true);
  });
});

import { describe, expect, it } from 'vitest';
import { Ledger } from './ledger.ts';
import { SeenSequences } from './seen-sequences.ts';

describe('Ledger', () => {
  it('asks the queues for what is in flight, so that a lost item shows', () => {
    const queue = [1, 2];
    const ledger = new Ledger();
    const stage = ledger.stage('mic', 'encode', () => queue.length);
    stage.receive(5);
    stage.emit(2);
    stage.drop('stale');
    expect(ledger.lines()).toEqual([
      { source: 'mic', stage: 'encode', received: 5, emitted: 2, dropped: { stale: 1 }, inFlight: 2, noted: {}, sums: true },
    ]);
    queue.pop();
    expect(ledger.sums).toBe(false);
  });

  it('gives the same stage for the same name', () => {
    const ledger = new Ledger();
    expect(ledger.stage('a', 'b')).toBe(ledger.stage('a', 'b'));
    expect(ledger.stage('a', 'c')).not.toBe(ledger.stage('a', 'b'));
  });
});

describe('SeenSequences', () => {
  it('knows what it saw, in any order', () => {
    const seen = new SeenSequences();
    expect([3, 1, 2, 2, 5, 4, 1, 3, 6].map((seq) => seen.add(seq))).toEqual([true, true, true, false, true, true, false, false, true]);
  });

  it('stays bounded with endless holes', () => {
    const seen = new SeenSequences(4);
    for (let seq = 0; seq < 100; seq += 2) seen.add(seq);
    expect(seen.add(98)).toBe(false);
    expect(seen.add(99)).toBe(true);
  });
});

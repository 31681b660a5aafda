import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Alert } from '../../../src/core/types.ts';
import { addAlert, EMPTY_FEED, raisedNow } from './alert-feed.ts';

const change = (cursor: number, id: string, state: Alert['state']): Alert => ({
  cursor,
  id,
  rule: 'glass',
  state,
  source: 'mic',
  modality: 'audio',
  score: 0.4,
  threshold: 0.3,
  startUs: cursor * 1e6,
  endUs: cursor * 1e6 + 960_000,
  query: 'glass breaking',
});

const feedOf = (changes: readonly Alert[], keep?: number) => changes.reduce((feed, alert) => addAlert(feed, alert, keep), EMPTY_FEED);

describe('addAlert', () => {
  it('makes one entry of a raise and its clear, newest first', () => {
    const feed = feedOf([change(1, 'a', 'raised'), change(2, 'b', 'raised'), change(3, 'a', 'cleared')]);
    expect(feed.entries.map((entry) => [entry.id, entry.cleared?.cursor])).toEqual([
      ['b', undefined],
      ['a', 3],
    ]);
    expect(raisedNow(feed).map((entry) => entry.id)).toEqual(['b']);
  });

  it('shows a clear whose raise is no longer kept', () => {
    expect(feedOf([change(9, 'old', 'cleared')]).entries).toHaveLength(1);
  });

  it('takes the same id anew after its clear', () => {
    const feed = feedOf([change(1, 'a', 'raised'), change(2, 'a', 'cleared'), change(3, 'a', 'raised')]);
    expect(feed.entries).toHaveLength(2);
    expect(raisedNow(feed)).toHaveLength(1);
  });

  it('is the same however often a reconnect repeats what came before', () => {
    const all = Array.from({ length: 30 }, (_, i) => change(i + 1, `a${i >> 1}`, i % 2 === 0 ? 'raised' : 'cleared'));
    fc.assert(
      fc.property(fc.array(fc.nat(all.length)), (drops) => {
        let feed = EMPTY_FEED;
        let at = 0;
        for (const seen of [...drops, all.length]) {
          for (const alert of all.slice(Math.max(0, Math.min(at, seen) - 5), seen))
            if (alert.cursor <= at + 1) feed = addAlert(feed, alert);
          at = Math.max(at, feed.cursor);
        }
        for (const alert of all) feed = addAlert(feed, alert);
        expect(feed.entries).toEqual(feedOf(all).entries);
      }),
    );
  });

  it('stays bounded and lets go of cleared ones first', () => {
    const changes = [change(1, 'stays', 'raised')];
    for (let i = 2; i < 500; i += 2) changes.push(change(i, `a${i}`, 'raised'), change(i + 1, `a${i}`, 'cleared'));
    const feed = feedOf(changes, 20);
    expect(feed.entries).toHaveLength(20);
    expect(raisedNow(feed).map((entry) => entry.id)).toEqual(['stays']);
    expect(
      feedOf(
        Array.from({ length: 50 }, (_, i) => change(i + 1, `r${i}`, 'raised')),
        20,
      ).entries,
    ).toHaveLength(20);
  });
});

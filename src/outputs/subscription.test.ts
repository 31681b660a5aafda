import { describe, expect, it } from 'vitest';
import { Stage } from '../core/ledger.ts';
import type { Publication } from './publication.ts';
import { Subscription } from './subscription.ts';

const publication = (source: string, n: number): Publication & { readonly n: number } => ({
  key: source,
  source,
  modality: 'audio',
  size: 1,
  n,
  frame: () => ({ bytes: new Uint8Array(1), isBinary: true }),
});

const owner = { isBlocked: false, wake: () => undefined };
const make = (request: object = {}, who = owner): Subscription =>
  new Subscription({ op: 'subscribe', sub: 's', channel: 'embeddings', ...request }, who, new Stage('ws', 'embeddings'));
const drain = (subscription: Subscription, nowUs: number): unknown[] => {
  const taken: unknown[] = [];
  for (let next = subscription.take(nowUs); next; next = subscription.take(nowUs)) taken.push([next.source, (next as { n?: number }).n]);
  return taken;
};

describe('Subscription', () => {
  it('keeps of each source the newest, in the order in which sources began to wait', () => {
    const subscription = make();
    for (const [source, n] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['c', 1],
      ['b', 2],
      ['a', 3],
    ] as const)
      subscription.offer(publication(source, n));
    expect(subscription.size).toBe(3);
    expect(drain(subscription, 0)).toEqual([
      ['a', 3],
      ['b', 2],
      ['c', 1],
    ]);
    expect(subscription.stage.line()).toMatchObject({ received: 6, dropped: { throttled: 3 } });
  });

  it('lets the first through at once and then holds to maxHz, by source', () => {
    const subscription = make({ maxHz: 10 });
    const sent: unknown[] = [];
    for (let ms = 0; ms <= 500; ms += 20) {
      subscription.offer(publication('a', ms));
      if (ms === 60) subscription.offer(publication('b', ms));
      for (const one of drain(subscription, ms * 1000)) sent.push(one);
    }
    expect(sent).toEqual([
      ['a', 0],
      ['b', 60],
      ['a', 100],
      ['a', 200],
      ['a', 300],
      ['a', 400],
      ['a', 500],
    ]);
  });

  it('says when what it holds back may go', () => {
    const subscription = make({ maxHz: 4 });
    expect(subscription.nextDueUs()).toBeUndefined();
    subscription.offer(publication('a', 1));
    expect(subscription.nextDueUs()).toBe(0);
    drain(subscription, 1_000);
    subscription.offer(publication('a', 2));
    expect(subscription.nextDueUs()).toBe(251_000);
    expect(drain(subscription, 250_999)).toEqual([]);
    expect(drain(subscription, 251_000)).toEqual([['a', 2]]);
  });

  it('counts as lag what a full socket cost, not what maxHz asked for, and tells it once a second', () => {
    const blocked = { isBlocked: true, wake: () => undefined };
    const subscription = make({}, blocked);
    for (let n = 0; n < 4; n++) subscription.offer(publication('a', n));
    expect(subscription.takeLag(0)).toBe(3);
    subscription.offer(publication('a', 5));
    expect(subscription.takeLag(999_999)).toBe(0);
    expect(subscription.nextDueUs()).toBe(0);
    drain(subscription, 0);
    expect(subscription.nextDueUs()).toBe(1_000_000);
    expect(subscription.takeLag(1_000_000)).toBe(1);
    expect(subscription.stage.line().dropped).toEqual({ conflated: 4 });
  });

  it('filters by source and modality', () => {
    const subscription = make({ sources: ['mic', 'front'], modalities: ['audio'] });
    expect(subscription.matches('mic', 'audio')).toBe(true);
    expect(subscription.matches('front', 'image')).toBe(false);
    expect(subscription.matches('other', 'audio')).toBe(false);
    expect(make().matches('anything', undefined)).toBe(true);
  });
});

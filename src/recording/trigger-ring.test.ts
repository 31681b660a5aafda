import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAD_US, TriggerRing, type RingRecord } from './trigger-ring.ts';

const BEFORE_MS = 1000;
const AFTER_MS = 500;

interface Item extends RingRecord {
  readonly index: number;
}

const step = fc.record({
  waitMs: fc.nat({ max: 400 }),
  role: fc.oneof(
    { weight: 30, arbitrary: fc.constant('raw' as const) },
    { weight: 3, arbitrary: fc.constant('checkpoint' as const) },
    { weight: 2, arbitrary: fc.constant('keep' as const) },
    { weight: 1, arbitrary: fc.constant('trigger' as const) },
  ),
});

describe('the ring before a trigger', () => {
  it('writes what is around triggers, in order, nothing twice; and each piece after a gap has its checkpoint, with a lead', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 100, maxLength: 500 }), (steps) => {
        const written: Item[] = [];
        const dropped: Item[] = [];
        const ring = new TriggerRing<Item>(
          { beforeMs: BEFORE_MS, afterMs: AFTER_MS, maxBytes: 1e9 },
          { write: (one) => written.push(one), drop: (one) => dropped.push(one) },
        );
        let logUs = 0;
        const items = [{ waitMs: 0, role: 'checkpoint' as const }, ...steps].map(({ waitMs, role }, index): Item => {
          logUs += waitMs * 1000;
          return { index, logUs, role, bytes: 1 };
        });
        for (const one of items) ring.push(one);
        ring.end();
        expect([...written, ...dropped].map(({ index }) => index).sort((a, b) => a - b)).toEqual(items.map(({ index }) => index));
        expect(written.map(({ index }) => index)).toEqual(written.map(({ index }) => index).sort((a, b) => a - b));
        const triggers = items.filter(({ role }) => role === 'trigger');
        const isNear = (one: Item): boolean =>
          triggers.some((trigger) => one.logUs >= trigger.logUs - BEFORE_MS * 1000 && one.logUs <= trigger.logUs + AFTER_MS * 1000);
        const kept = new Set(written);
        for (const one of items) {
          if (one.role === 'keep' || one.role === 'trigger' || (one.role === 'raw' && isNear(one))) expect(kept.has(one)).toBe(true);
          if (one.role !== 'checkpoint' || !kept.has(one)) continue;
          // All that lies in its lead is there, and its trigger is not nearer than was asked for.
          for (const raw of items)
            if (raw.role === 'raw' && raw.logUs >= one.logUs - LEAD_US && raw.index < one.index) expect(kept.has(raw)).toBe(true);
        }
        let isApart = false;
        let hasCheckpoint = true;
        for (const one of items) {
          if (one.role === 'raw' && !kept.has(one)) [isApart, hasCheckpoint] = [true, false];
          if (one.role === 'checkpoint' && kept.has(one)) hasCheckpoint = true;
          if (one.role === 'trigger' && isApart) expect(hasCheckpoint).toBe(true);
        }
      }),
    );
  });
});

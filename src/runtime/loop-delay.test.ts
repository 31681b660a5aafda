import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../core/time.ts';
import { LoopDelay } from './loop-delay.ts';

/** A histogram that is filled by hand: `late` as Node's monitor would, with its own interval of 10 ms. */
function byHand() {
  const histogram: RecordableHistogram = createHistogram();
  const clock = new VirtualClock(0);
  const calls: string[] = [];
  const monitor = Object.assign(histogram, { enable: () => calls.push('enable') > 0, disable: () => calls.push('disable') > 0 });
  return { delay: new LoopDelay(monitor, clock), clock, calls, late: (ms: number) => histogram.record(Math.round((10 + ms) * 1e6)) };
}

describe('LoopDelay', () => {
  it('is nothing before the first value', () => {
    expect(byHand().delay.read()).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  it('sees a stall at once, still a span later, and no longer after two', () => {
    const { delay, clock, late } = byHand();
    late(250);
    expect(delay.read().max).toBeCloseTo(250, 0);
    clock.advanceTo(11e6);
    late(2);
    expect(delay.read().p99).toBeCloseTo(250, 0);
    clock.advanceTo(20e6);
    late(3);
    expect(delay.read().p99).toBeCloseTo(3, 0);
    clock.advanceTo(40e6);
    expect(delay.read()).toEqual({ p50: 0, p99: 0, max: 0 });
  });

  it('stops its monitor and its timer', () => {
    const { delay, clock, calls, late } = byHand();
    late(5);
    delay.stop();
    clock.advanceTo(100e6);
    expect(calls).toEqual(['enable', 'disable']);
    expect(delay.read().max).toBeCloseTo(5, 0);
  });
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HostClock } from './time.ts';
import { watchHostClock, type HostStep } from './watch-host-clock.ts';

describe('watchHostClock', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** A host whose wall clock can be set, and the steps that were told. */
  const host = () => {
    let wallAheadUs = 0;
    const startUs = 1.7e15;
    const monotonicUs = (): number => Math.round(performance.now() * 1000);
    const clock = new HostClock({ monotonicUs, wallUs: () => startUs + monotonicUs() + wallAheadUs });
    const steps: HostStep[] = [];
    const end = watchHostClock(clock, (step) => steps.push(step));
    return { clock, steps, end, setWall: (byUs: number) => (wallAheadUs += byUs) };
  };

  it('goes with a wall clock that was set forwards, once', () => {
    const { clock, steps, setWall } = host();
    const before = clock.nowUs();
    setWall(5e6);
    expect(clock.nowUs()).toBe(before);
    vi.advanceTimersByTime(3000);
    expect(steps).toEqual([{ byUs: 5e6, isFollowed: true }]);
    expect(clock.nowUs() - before).toBe(8e6);
    expect(clock.behindWallUs()).toBe(0);
  });

  it('tells of one that was set back, and does not run backwards', () => {
    const { clock, steps, setWall } = host();
    const before = clock.nowUs();
    setWall(-2e6);
    vi.advanceTimersByTime(3000);
    expect(steps).toEqual([{ byUs: -2e6, isFollowed: false }]);
    expect(clock.nowUs() - before).toBe(3e6);
    expect(clock.behindWallUs()).toBe(-2e6);
  });

  it('is silent about NTP slewing, and after its end', () => {
    const { steps, end, setWall } = host();
    for (let i = 0; i < 100; i++) {
      setWall(500);
      vi.advanceTimersByTime(1000);
    }
    end();
    setWall(1e9);
    vi.advanceTimersByTime(10_000);
    expect(steps).toEqual([]);
  });
});

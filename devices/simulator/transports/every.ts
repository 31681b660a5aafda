import type { Clock } from '../../../src/core/time.ts';

/** More missed turns than this (a machine that slept) are skipped instead of caught up. */
const MAX_BEHIND = 8;

/**
 * Calls `turn(index)` when `originUs + index * periodUs` is reached, without drift, from the first index in the future on. A late
 * timer is caught up turn by turn, but never by more than 8.
 *
 * @returns the way to stop
 */
export function every(clock: Clock, originUs: number, periodUs: number, turn: (index: number) => void): () => void {
  let index = Math.ceil((clock.nowUs() - originUs) / periodUs);
  let cancel = (): void => undefined;
  const plan = (): void => {
    cancel = clock.after(Math.max(0, (originUs + index * periodUs - clock.nowUs()) / 1000), run);
  };
  const run = (): void => {
    const due = Math.floor((clock.nowUs() - originUs) / periodUs);
    index = Math.max(index, due - MAX_BEHIND);
    while (index <= due) turn(index++);
    plan();
  };
  plan();
  return () => {
    cancel();
  };
}

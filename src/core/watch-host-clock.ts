import type { HostClock } from './time.ts';

/** A step of the wall clock of the host. */
export interface HostStep {
  /** By how much it was set; negative: back. */
  readonly byUs: number;
  /** Whether event time goes with it. It never goes back: then it stays ahead of the wall clock until the next start. */
  readonly isFollowed: boolean;
}

/** NTP slews by at most 0.5 ms a second; what is more in one look was set. */
const STEP_US = 100_000;
const LOOK_EVERY_MS = 1000;

/**
 * Looks each second whether the wall clock was set: by NTP after a boot without a battery clock, by hand, or because the machine
 * slept. A step forwards moves the host's clock along and is told; a step back is told.
 *
 * @returns ends the watch
 */
export function watchHostClock(clock: HostClock, onStep: (step: HostStep) => void): () => void {
  let behindUs = clock.behindWallUs();
  let cancel = (): void => undefined;
  const look = (): void => {
    cancel = clock.after(LOOK_EVERY_MS, look);
    const byUs = clock.behindWallUs() - behindUs;
    if (Math.abs(byUs) < STEP_US) {
      behindUs += byUs;
      return;
    }
    const isFollowed = byUs > 0;
    if (isFollowed) clock.follow(byUs);
    else behindUs += byUs;
    onStep({ byUs, isFollowed });
  };
  cancel = clock.after(LOOK_EVERY_MS, look);
  return () => {
    cancel();
  };
}

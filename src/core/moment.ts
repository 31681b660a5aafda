/** A window that is farther away from a moment than this is another moment, in microseconds. */
export const MOMENT_US = 2e6;

/** How far a moment is from a window, in microseconds; 0 within it. */
export const awayFrom = ({ startUs, endUs }: { readonly startUs: number; readonly endUs: number }, timeUs: number): number =>
  timeUs < startUs ? startUs - timeUs : Math.max(0, timeUs - endUs);

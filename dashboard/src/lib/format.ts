const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });
const day = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const counts = new Intl.NumberFormat('en-US');

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export const clockTime = (timeMs: number): string => clock.format(timeMs);
export const dayOf = (timeMs: number): string => day.format(timeMs);
export const isToday = (timeMs: number): boolean => dayOf(timeMs) === dayOf(Date.now());
export const count = (value: number): string => counts.format(value);
/** 9,999 in full, then 10K. */
export const compactCount = (value: number): string => (value < 10_000 ? count(value) : compact.format(value));
export const level = (score: number): string => score.toFixed(3);

/** "0.4 s", "12 s", "3 min 20 s", "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** "30 Hz", "4.8 Hz", "0.20 Hz". */
export function hertz(rate: number): string {
  if (rate >= 20) return `${Math.round(rate)} Hz`;
  return `${rate.toFixed(rate >= 1 ? 1 : 2)} Hz`;
}

/** "8 ms", "1.4 s". */
export const delay = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

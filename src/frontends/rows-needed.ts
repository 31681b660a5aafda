import type { Taps } from './kernel.ts';

/** The input rows that go into the output rows of a kernel. */
export function rowsNeeded(down: Taps): { from: number; count: number } {
  const last = down.starts.length - 1;
  const from = down.starts[0] ?? 0;
  return { from, count: (down.starts[last] ?? 0) + (down.counts[last] ?? 0) - from };
}

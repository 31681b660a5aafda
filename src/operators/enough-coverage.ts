import { filter, type MonoTypeOperatorFunction } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import type { WindowMeta } from '../core/types.ts';

export interface EnoughCoverageOptions {
  /** Share of the window's span that must be covered, 0..1. */
  readonly minCoverage: number;
  /** Counts windows: received = emitted + dropped (`lowCoverage`). */
  readonly stage?: Stage;
}

/** Lets windows through whose samples cover enough of them; an encoder's answer to half a window means nothing. */
export function enoughCoverage<W extends WindowMeta>({ minCoverage, stage }: EnoughCoverageOptions): MonoTypeOperatorFunction<W> {
  return filter((window) => {
    stage?.receive();
    const isEnough = window.coverage >= minCoverage;
    if (isEnough) stage?.emit();
    else stage?.drop('lowCoverage');
    return isEnough;
  });
}

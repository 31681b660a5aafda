/** A stretch of one source. */
export interface Moment {
  readonly source: string;
  readonly startUs: number;
  readonly endUs: number;
}

/**
 * The first `top` hits, best first, without those that are the same moment again: windows of one source overlap, and what a camera
 * sees stays for a while. A hit within `gapUs` of a better one of its source is left out.
 */
export function mergeMoments<T extends Moment>(hits: Iterable<T>, top: number, gapUs: number): T[] {
  const kept: T[] = [];
  for (const hit of hits) {
    if (kept.length >= top) break;
    const isAgain = kept.some(
      ({ source, startUs, endUs }) => source === hit.source && hit.startUs - endUs < gapUs && startUs - hit.endUs < gapUs,
    );
    if (!isAgain) kept.push(hit);
  }
  return kept;
}

/** Hits of one source that are nearer than this are one moment, unless a query says otherwise. */
export const MERGE_US = 2_000_000;
/** How many candidates to look at for so many hits: most of a long moment's windows are merged into one. */
export const candidatesFor = (top: number): number => Math.min(16_384, Math.max(256, top * 64));

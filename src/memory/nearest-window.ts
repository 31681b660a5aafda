import { awayFrom, MOMENT_US } from '../core/moment.ts';
import { vectorOf } from '../space/search/quantise.ts';
import { normalise, type SpaceVector } from '../space/vector.ts';
import type { BlockCache } from './block-cache.ts';
import type { Segment } from './segment.ts';

/**
 * The unit vector of the window that is nearest to a moment, within 2 s; of several that hold it the first. Undefined where there is none.
 *
 * @param segments of one source
 * @throws SegmentChangedError
 */
export function nearestWindow(segments: readonly Segment[], timeUs: number, cache: BlockCache): SpaceVector | undefined {
  let best: { readonly segment: Segment; readonly row: number; readonly away: number } | undefined;
  for (const segment of segments) {
    if (awayFrom({ startUs: segment.span.firstUs, endUs: segment.span.lastUs }, timeUs) >= MOMENT_US) continue;
    const { count, scales, startUs, endUs } = cache.get(segment);
    for (let row = 0; row < count; row++) {
      if (scales[row] === 0) continue; // damaged
      const away = awayFrom({ startUs: startUs[row] ?? 0, endUs: endUs[row] ?? 0 }, timeUs);
      if (away < (best?.away ?? MOMENT_US)) best = { segment, row, away };
    }
  }
  const [record] = best?.segment.readRows([best.row]) ?? [];
  return best && record && { space: best.segment.header.space, vector: normalise(vectorOf(record)) };
}

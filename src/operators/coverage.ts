import type { Sample } from '../core/types.ts';

const HOLE_FACTOR = 4;

/**
 * Share of `[startUs, endUs)` that the samples cover, 0..1. It depends on the members alone, not on the order of their arrival.
 *
 * Samples that last (sound) cover what they last. Instants (IMU) stand for their neighbourhood: with `p` the mean distance of
 * neighbours, a distance above 4p is a hole of its length less p (drivers hand samples over in small bursts). One lone instant
 * covers nothing that could be known.
 */
export function coverage(members: readonly Sample[], startUs: number, endUs: number): number {
  const first = members[0];
  if (!first) return 0;
  const holes = first.durationUs > 0 ? holesBetweenSpans(members, startUs, endUs) : holesBetweenInstants(members, startUs, endUs);
  return Math.min(1, Math.max(0, 1 - holes / (endUs - startUs)));
}

function holesBetweenSpans(members: readonly Sample[], startUs: number, endUs: number): number {
  let coveredToUs = startUs;
  let holes = 0;
  for (const { timeUs, durationUs } of members) {
    if (timeUs > coveredToUs) holes += timeUs - coveredToUs;
    coveredToUs = Math.max(coveredToUs, timeUs + durationUs);
  }
  return holes + Math.max(0, endUs - coveredToUs);
}

function holesBetweenInstants(members: readonly Sample[], startUs: number, endUs: number): number {
  const [first, last] = [members[0], members.at(-1)];
  if (!first || !last || first === last) return endUs - startUs;
  const usual = (last.timeUs - first.timeUs) / (members.length - 1);
  const hole = (distance: number): number => (distance > HOLE_FACTOR * usual ? distance - usual : 0);
  let holes = hole(first.timeUs - startUs) + hole(endUs - last.timeUs);
  let previousUs = first.timeUs;
  for (const { timeUs } of members) {
    holes += hole(timeUs - previousUs);
    previousUs = timeUs;
  }
  return holes;
}

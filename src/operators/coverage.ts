import type { Sample } from '../core/types.ts';

/**
 * Share of `[startUs, endUs)` that the samples cover, 0..1. It depends on the members alone, not on the order of their arrival.
 *
 * Samples that last (sound) cover what they last. Instants (IMU) stand for their neighbourhood: with `p` the median distance of
 * neighbours, a distance above 2p is a hole of its length less p. One lone instant covers nothing that could be known.
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
  if (members.length < 2) return endUs - startUs;
  const distances = new Float64Array(members.length + 1);
  let previousUs = startUs;
  for (const [i, { timeUs }] of members.entries()) {
    distances[i] = timeUs - previousUs;
    previousUs = timeUs;
  }
  distances[members.length] = endUs - previousUs;
  const median = medianOf(distances.slice(1, members.length));
  let holes = 0;
  for (const distance of distances) if (distance > 2 * median) holes += distance - median;
  return holes;
}

const medianOf = (values: Float64Array): number => values.sort()[values.length >> 1] ?? 0;

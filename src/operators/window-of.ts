import type { Payload, Sample, Window } from '../core/types.ts';
import { qualityField } from './quality.ts';

/** A window of these members, at least one, in order of event time. */
export function windowOf<P extends Payload>(
  members: readonly Sample<P>[],
  first: Sample<P>,
  { startUs, endUs, coverage }: { readonly startUs: number; readonly endUs: number; readonly coverage: number },
): Window<P> {
  let lowest = first.seq;
  let highest = first.seq;
  let errorUs = 0;
  for (const { seq, errorUs: bound } of members) {
    lowest = Math.min(lowest, seq);
    highest = Math.max(highest, seq);
    errorUs = Math.max(errorUs, bound);
  }
  return {
    source: first.source,
    modality: first.modality,
    startUs,
    endUs,
    errorUs,
    samples: { first: lowest, last: highest, missing: Math.max(0, highest - lowest + 1 - members.length) },
    coverage,
    ...qualityField(members),
    members,
  };
}

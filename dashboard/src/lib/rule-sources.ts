import type { Rule, SourceReport } from '../data/api.ts';

/** One line of a rule's chart. `colour` is the same for a source in every chart. */
export interface RuleSource {
  readonly id: string;
  readonly colour: number;
}

/** The sources that a rule listens to. */
export function ruleSources({ on }: Rule, sources: readonly SourceReport[]): readonly RuleSource[] {
  const own = sources.flatMap(({ id, modality }, colour) => (on.includes(id) || on.includes(modality) ? [{ id, colour }] : []));
  return on.includes('fused') ? [...own, { id: 'fused', colour: sources.length }] : own;
}

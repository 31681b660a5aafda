import type { Bundle } from './bundle.ts';
import type { FrontEndWorkers } from './front-end-workers.ts';
import { GOLDEN_TEXTS, goldenInput } from './golden.ts';
import type { GraphItem, GraphPlan } from './graph-plan.ts';
import type { FrontEndPlan } from './worker-messages.ts';

/** What front-end workers must know of a bundle. */
export const frontEndPlans = ({ entries }: Bundle): FrontEndPlan[] =>
  [...entries.values()].map(({ modality, frontEnd, input, tokenizer }) => ({
    modality,
    frontEnd,
    input,
    ...(tokenizer !== undefined && { tokenizer }),
  }));

/** How to open and check each graph of a bundle: its golden inputs, made into items by the formula or, for text, by the tokenizer. */
export async function graphPlans(
  { entries, space }: Bundle,
  providers: readonly string[],
  frontEnds: FrontEndWorkers,
): Promise<GraphPlan[]> {
  const plans: GraphPlan[] = [];
  for (const { modality, graph, input, output, golden } of entries.values()) {
    const probes =
      'shape' in input
        ? [0, 1].map((item): GraphItem => [{ name: input.name, dims: input.shape, data: goldenInput(modality, item, input.shape) }])
        : await Promise.all(GOLDEN_TEXTS.map(async (text) => (await frontEnds.prepare(modality, { kind: 'text', text })).item));
    plans.push({ key: modality, path: graph, output, dim: space.dim, providers, probes, ...(golden && { golden }) });
  }
  return plans;
}

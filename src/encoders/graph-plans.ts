import type { EncoderModality } from '../core/types.ts';
import type { Bundle } from './bundle.ts';
import type { FrontEndWorkers } from './front-end-workers.ts';
import { FUSION, fusionItem, type FusionTerms } from './fusion-item.ts';
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

/**
 * How to open and check each graph of a bundle: its golden inputs, made into items by the formula or, for text, by the tokenizer. The
 * fusion graph comes first: graphs of tokens are judged by the vectors that it makes of them.
 */
export async function graphPlans(
  { entries, space, fusion }: Bundle,
  providers: readonly string[],
  frontEnds: FrontEndWorkers,
): Promise<GraphPlan[]> {
  const plans: GraphPlan[] = [];
  if (fusion) {
    const { graph, output, golden, width, mask, modalities } = fusion;
    const terms = { width, mask, modalities };
    const probes = [0, 1].map((item) => fusionProbe(terms, item));
    plans.push({ key: FUSION, path: graph, output, dim: space.dim, providers, probes, ...(golden && { golden }) });
  }
  for (const { modality, graph, input, output, confidence, golden, stages, tokens } of entries.values()) {
    const probes =
      'shape' in input
        ? [0, 1].map((item): GraphItem => [{ name: input.name, dims: input.shape, data: goldenInput(modality, item, input.shape) }])
        : await Promise.all(GOLDEN_TEXTS.map(async (text) => (await frontEnds.prepare(modality, { kind: 'text', text })).item));
    plans.push({
      key: modality,
      path: graph,
      output,
      dim: space.dim,
      providers,
      probes,
      ...(confidence !== undefined && { confidence }),
      ...(stages.length > 0 && {
        stages: stages.map(({ name, inputs, output: last, graph: path }) => ({ name, inputs, output: last, path })),
      }),
      ...(tokens &&
        fusion && {
          tokens: { ...tokens, width: fusion.width, fusion: { width: fusion.width, mask: fusion.mask, modalities: fusion.modalities } },
        }),
      ...(golden && { golden }),
    });
  }
  return plans;
}

/** Golden input `item` (0 or 1) of a fusion graph: `item + 2` tokens of each modality, as far as it keeps so many, by the formula. */
function fusionProbe(terms: FusionTerms, item: number): GraphItem {
  const { width, modalities } = terms;
  const tokens: Partial<Record<EncoderModality, Float32Array[]>> = {};
  for (const [modality, input] of Object.entries(modalities)) {
    if (!input) continue;
    const count = Math.min(item + 2, input.keep);
    const all = goldenInput(modality, item, [count, width]);
    tokens[modality] = Array.from({ length: count }, (_, i) => all.subarray(i * width, (i + 1) * width));
  }
  return fusionItem(terms, tokens);
}

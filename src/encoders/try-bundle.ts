import { silentLog } from '../core/log.ts';
import type { EncoderModality } from '../core/types.ts';
import type { Bundle } from './bundle.ts';
import { FrontEndWorkers } from './front-end-workers.ts';
import { FUSION } from './fusion-item.ts';
import type { GraphPlan } from './graph-plan.ts';
import { frontEndPlans, graphPlans } from './graph-plans.ts';
import { tryGraphs, type Trial, type TryGraphsOptions } from './try-graphs.ts';

export interface TryBundleOptions extends Omit<TryGraphsOptions, 'fusion'> {
  /** Default: all that the bundle has. */
  readonly modalities?: readonly EncoderModality[];
}

/**
 * Tries the graphs of an opened bundle on each provider: shapes, unit norm, golden vectors, different inputs give different vectors, a
 * batch gives what single items give; load time, time of a call, memory, and which provider's kernels really ran.
 *
 * @throws UsageError where the tokenizer cannot be used
 */
export async function* tryBundle(bundle: Bundle, { modalities, ...options }: TryBundleOptions): AsyncGenerator<Trial> {
  const plans = await planBundle(bundle);
  const wanted = modalities ? plans.filter(({ key }) => modalities.some((modality) => modality === key)) : plans;
  yield* tryGraphs(wanted, { ...options, fusion: plans.find(({ key }) => key === FUSION) });
}

/** How to open and check each graph of a bundle, with text made into ids by its own tokenizer. */
export async function planBundle(bundle: Bundle): Promise<GraphPlan[]> {
  const frontEnds = await FrontEndWorkers.start({ count: 1, plans: frontEndPlans(bundle), log: silentLog });
  return graphPlans(bundle, [], frontEnds).finally(() => frontEnds.stop());
}

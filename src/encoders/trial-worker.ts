/** A process that tries one graph on one provider: its memory is the graph's own, and what crashes here crashes nobody else. */
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { GraphPlan } from './graph-plan.ts';
import { loadOrt } from './load-ort.ts';
import { measureGraph, type Measurement } from './measure-graph.ts';

export interface TrialRequest {
  readonly plan: GraphPlan;
  /** The bundle's fusion graph, where the plan gives tokens. */
  readonly fusion?: GraphPlan | undefined;
  readonly provider: string;
  readonly seconds: number;
  readonly binding?: string | undefined;
}

export type TrialAnswer = { readonly measured: Measurement } | { readonly code: string; readonly message: string };

process.once('message', (request: TrialRequest) => void answer(request));

async function answer({ plan, fusion, provider, seconds, binding }: TrialRequest): Promise<void> {
  let result: TrialAnswer;
  try {
    result = { measured: await measureGraph(await loadOrt(binding), plan, provider, seconds, fusion) };
  } catch (error) {
    result = { code: error instanceof EdgeBindError ? error.code : 'MODEL_REFUSED', message: messageOf(error) };
  }
  process.send?.(result, () => process.disconnect());
}

import { UsageError } from '../../core/errors.ts';
import type { Backbone } from './backbone.ts';
import type { BindPair, BindPairs } from './bind-pair.ts';
import { bind, type BindOptions, type Bound } from './bind.ts';

/** Pairs as one backbone sees them. */
export interface BindWay extends BindPairs {
  readonly test: readonly BindPair[] | undefined;
  readonly backbone: Backbone;
  readonly isSameSpace: boolean;
  /** What gives the features, in words. */
  readonly features: string;
}

/**
 * Binds a sensor behind each of several backbones, and keeps the one whose head matches the validation pairs better. A way that is
 * refused is left; where all are, so is the whole, with the first one's reason.
 *
 * @throws UsageError as `bind`
 */
export async function bindBest(
  ways: readonly BindWay[],
  options: Omit<BindOptions, 'isSameSpace' | 'test' | 'leftOut' | 'plain'>,
): Promise<Bound & { readonly way: BindWay }> {
  let best: (Bound & { readonly way: BindWay }) | undefined;
  let refused: unknown;
  const plain = ways.find(({ isSameSpace }) => isSameSpace);
  for (const way of ways) {
    try {
      const { isSameSpace, test, leftOut } = way;
      const bound = await bind(way.pairs, { ...options, isSameSpace, test, leftOut, plain });
      if (!best || bound.report.training.validationLoss < best.report.training.validationLoss) best = { ...bound, way };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      refused ??= error;
    }
  }
  if (best) return best;
  throw refused;
}

import type { EncoderModality } from '../../core/types.ts';
import type { Keyed } from '../../space/bind/retrieval.ts';

/** One moment as two senses had it, as vectors. */
export interface BindPair {
  /** Unit vector of the anchor in the bundle's space. */
  readonly anchor: Float32Array;
  /** What the new sensor's backbone makes of it. */
  readonly feature: Float32Array;
  /** Names the anchor's thing: pairs of one key have one right answer, e.g. one caption. */
  readonly key: string;
  readonly group?: string | undefined;
  readonly timeUs?: number | undefined;
  /** What other senses had of that moment, never trained on: it shows what comes by itself. */
  readonly others: Readonly<Partial<Record<EncoderModality, Keyed>>>;
}

/** Pairs, and how many items made none, by reason. */
export interface BindPairs {
  readonly pairs: readonly BindPair[];
  readonly leftOut: Readonly<Record<string, number>>;
}

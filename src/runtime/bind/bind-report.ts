import type { EncoderModality, Modality } from '../../core/types.ts';
import type { TrainedHead, TrainOptions } from '../../encoders/bind/train-head.ts';
import { retrieval, type Keyed, type Retrieval } from '../../space/bind/retrieval.ts';
import type { BindPair } from './bind-pair.ts';

/** Retrieval both ways between the new sensor and another sense. */
export interface BothWays {
  readonly freshToAnchor: Retrieval;
  readonly anchorToFresh: Retrieval;
}

/** What binding reached, on moments that took no part in it. */
export interface BindReport {
  readonly anchor: EncoderModality;
  readonly sensor: Modality;
  readonly pairs: { readonly train: number; readonly validation: number; readonly test: number };
  readonly training: {
    readonly start: TrainOptions['start'];
    /** In how many directions of the features the head learnt; absent: in all of them. */
    readonly directions?: number;
    readonly temperature: number;
    readonly seed: number;
    readonly bestStep: number;
    /** InfoNCE of the validation pairs after that step: lower is better. */
    readonly validationLoss: number;
    readonly stepsDone: number;
  };
  readonly bound: BothWays;
  /** The same without the head; absent where the features are of another space and cannot be compared. */
  readonly untrained?: BothWays;
  /** Senses that were there and took no part in training: what comes by itself. */
  readonly emergent: Readonly<Partial<Record<EncoderModality, BothWays>>>;
}

export interface BindReportInput {
  readonly options: { readonly anchor: EncoderModality; readonly fresh: Modality };
  readonly terms: TrainOptions;
  readonly trained: TrainedHead;
  readonly counts: { readonly train: number; readonly validation: number };
  readonly test: readonly BindPair[];
  /** What the head makes of the test pairs' features. */
  readonly made: readonly Float32Array[];
  /** The same pairs with vectors of the space that nothing was trained for. */
  readonly untrained: readonly BindPair[] | undefined;
}

export function bindReport({ options, terms, trained, counts, test, made, untrained }: BindReportInput): BindReport {
  const keyed = (vectors: readonly Float32Array[]): Keyed[] => vectors.map((vector, i) => ({ key: test[i]?.key ?? '', vector }));
  const anchors = keyed(test.map(({ anchor }) => anchor));
  const emergent: Partial<Record<EncoderModality, BothWays>> = {};
  for (const modality of new Set(test.flatMap(({ others }) => Object.keys(others) as EncoderModality[]))) {
    const rows = test.flatMap(({ others }, i) => {
      const [fresh, other] = [made[i], others[modality]];
      return fresh && other ? [{ fresh: { key: other.key, vector: fresh }, other }] : [];
    });
    emergent[modality] = bothWays(
      rows.map(({ fresh }) => fresh),
      rows.map(({ other }) => other),
    );
  }
  return {
    anchor: options.anchor,
    sensor: options.fresh,
    pairs: { ...counts, test: test.length },
    training: {
      start: terms.start,
      ...(terms.within && { directions: terms.within.length }),
      temperature: terms.temperature,
      seed: terms.seed,
      bestStep: trained.bestStep,
      validationLoss: trained.validationLoss,
      stepsDone: trained.stepsDone,
    },
    bound: bothWays(keyed(made), anchors),
    ...(untrained && { untrained: bothWays(keyed(untrained.map(({ feature }) => feature)), anchors) }),
    emergent,
  };
}

const bothWays = (fresh: readonly Keyed[], anchor: readonly Keyed[]): BothWays => ({
  freshToAnchor: retrieval(fresh, anchor),
  anchorToFresh: retrieval(anchor, fresh),
});

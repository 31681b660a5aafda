import { UsageError } from '../../core/errors.ts';
import type { EncoderModality, Modality } from '../../core/types.ts';
import type { TrainOptions, TrainProgress } from '../../encoders/bind/train-head.ts';
import { trainOffLoop } from '../../encoders/bind/train-off-loop.ts';
import type { LinearHead } from '../../encoders/onnx/append-head.ts';
import { holdOut } from '../../space/bind/hold-out.ts';
import { principalDirections } from '../../space/bind/principal-directions.ts';
import { dot, normalise } from '../../space/vector.ts';
import type { BindPair } from './bind-pair.ts';
import { folded, standardised, standardOf } from './standard-features.ts';
import { bindReport, type BindReport } from './bind-report.ts';

export type HeadSize = 'linear' | 'small';

export interface BindOptions {
  readonly anchor: EncoderModality;
  readonly fresh: Modality;
  /** Whether features already are vectors of the space: the head then begins as the identity, and before training is the baseline. */
  readonly isSameSpace: boolean;
  readonly seed: number;
  readonly temperature?: number | undefined;
  /** `linear` learns in all directions of the features, `small` in the eight in which the training pairs differ most. */
  readonly size: HeadSize;
  /** Pairs of the same sensor that were put aside by the user; default: blocks of `pairs`. */
  readonly test?: readonly BindPair[] | undefined;
  /** The same pairs as vectors of the space without training, where the features are of another: what the head is compared with. */
  readonly plain?: { readonly pairs: readonly BindPair[]; readonly test?: readonly BindPair[] | undefined } | undefined;
  /** Pairs that could not be used, by reason: said where too few are left. */
  readonly leftOut?: Readonly<Record<string, number>> | undefined;
  readonly onProgress: (progress: TrainProgress) => void;
  readonly signal?: AbortSignal;
}

export interface Bound {
  readonly head: LinearHead;
  readonly report: BindReport;
  /** Vectors of the held-out moments: what the new sensor's head and what the anchor make of them. */
  readonly heldOut: { readonly fresh: readonly Float32Array[]; readonly anchor: readonly Float32Array[] };
}

/** ImageBind's temperatures (table 9 of the paper): fixed, smaller where a sense tells more. */
const TEMPERATURES: Readonly<Partial<Record<Modality, number>>> = { image: 0.07, audio: 0.05, thermal: 0.1, depth: 0.2, imu: 0.2 };
/** Of sensors that the paper does not know. */
const DEFAULT_TEMPERATURE = 0.1;
/** Different moments that a head needs at least to train on: below, it learns the noise of the few. */
const MIN_DIFFERENT: Readonly<Record<HeadSize, number>> = { linear: 30, small: 12 };
/** Directions of a small head. */
const SMALL = 8;
/** Two anchors nearer than this share of the usual distance are the same thing twice. */
const DUPLICATE_SHARE = 0.1;
/** Unit vectors that are nearer than this on average are one vector and rounding. */
const SAME_DISTANCE = 1e-3;
/** Pairs closer in time than this are one moment. */
const MOMENT_US = 1_000_000;
/** Standard deviations of guessing by which held-out retrieval must be better than guessing: one false pass in 1,000. */
const MIN_SIGMAS = 3.1;

/** A head that begins as the identity moves slowly and is pulled back to it; a few coefficients may move fast, and must to get anywhere. */
const PACE = { learningRate: 3e-3, weightDecay: 0.1 } as const;
const SAME_SPACE_PACE = { learningRate: 1e-3, weightDecay: 1 } as const;
const SMALL_PACE = { learningRate: 2e-2, weightDecay: 0.1 } as const;

const SCHEDULE = { batch: 256, patience: 12, steps: 600 } as const;

/**
 * Trains a head for a new sensor on co-recorded pairs, and judges it on moments that it has not seen.
 *
 * @throws UsageError `TOO_FEW_PAIRS`, `PAIRS_TOO_ALIKE`, `SENSOR_CONSTANT`, `BIND_NOT_BETTER_THAN_CHANCE`: nothing is to be written then
 */
export async function bind(pairs: readonly BindPair[], options: BindOptions): Promise<Bound> {
  const parts = holdOut(pairs, options.seed);
  const pick = (rows: readonly number[]): BindPair[] => rows.flatMap((i) => pairs[i] ?? []);
  const given = options.test ? [...pick(parts.train), ...pick(parts.test)] : pick(parts.train);
  // Features of another space are of any size: a head learns from them in spreads about their mean.
  const standard = options.isSameSpace ? undefined : standardOf(given.map(({ feature }) => feature));
  const seen = (some: readonly BindPair[]): readonly BindPair[] =>
    standard ? some.map((pair) => ({ ...pair, feature: standardised(pair.feature, standard) })) : some;
  const [train, validation, test] = [seen(given), seen(pick(parts.validate)), seen(options.test ?? pick(parts.test))];
  refusePoor(train, test, options.anchor === 'text' ? 'feature' : 'anchor', options);
  const duplicateCosine = 1 - DUPLICATE_SHARE * (1 - usualCosine(train, 'anchor'));
  const inputs = train[0]?.feature.length ?? 0;
  const dim = train[0]?.anchor.length ?? 0;
  const terms: TrainOptions = {
    ...SCHEDULE,
    inputs,
    dim,
    start: options.isSameSpace ? 'identity' : 'small',
    within:
      options.size === 'small'
        ? principalDirections(
            train.map(({ feature }) => feature),
            SMALL,
          )
        : undefined,
    temperature: options.temperature ?? TEMPERATURES[options.fresh] ?? DEFAULT_TEMPERATURE,
    duplicateCosine,
    seed: options.seed,
    ...(options.size === 'small' ? SMALL_PACE : options.isSameSpace ? SAME_SPACE_PACE : PACE),
  };
  const trained = await trainOffLoop(rowsOf(train), rowsOf(validation), terms, options.onProgress, options.signal);
  const made = test.map(({ feature }) => applyHead(trained.head, feature));
  const plain = options.plain && (options.plain.test ?? parts.test.flatMap((i) => options.plain?.pairs[i] ?? []));
  const untrained = options.isSameSpace ? test : plain?.length === test.length ? plain : undefined;
  const counts = { train: train.length, validation: validation.length };
  const report = bindReport({ options, terms, trained, counts, test, made, untrained });
  const { freshToAnchor, anchorToFresh } = report.bound;
  if (Math.min(freshToAnchor.sigmas, anchorToFresh.sigmas) < MIN_SIGMAS) {
    const [there, back] = [freshToAnchor.meanRank.toFixed(3), anchorToFresh.meanRank.toFixed(3)];
    throw new UsageError(
      'BIND_NOT_BETTER_THAN_CHANCE',
      `held-out moments are not found again: mean rank ${there} and back ${back} of ${test.length}, where guessing gives 0.5; are the pairs of one moment, are the clocks right, does the sensor see what the anchor sees?`,
    );
  }
  return {
    head: standard ? folded(trained.head, standard) : trained.head,
    report,
    heldOut: { fresh: made, anchor: test.map(({ anchor }) => anchor) },
  };
}

function refusePoor(
  train: readonly BindPair[],
  test: readonly BindPair[],
  side: 'anchor' | 'feature',
  { size, leftOut = {} }: BindOptions,
): void {
  const spread = meanDistance(train.map(({ feature }) => feature));
  if (train.length > 1 && spread < SAME_DISTANCE)
    throw new UsageError(
      'SENSOR_CONSTANT',
      `the new sensor says the same in all ${train.length} pairs: is it connected, does its scene change?`,
    );
  const different = countDifferent(train, side);
  const least = MIN_DIFFERENT[size];
  if (different >= least && test.length > 0) return;
  // Of all pairs three fifths are trained on.
  const needed = Math.ceil(least / 0.6);
  const smaller =
    size === 'linear' && different >= MIN_DIFFERENT.small && test.length > 0
      ? `, or take the smaller head, for which they are enough: --head small`
      : '';
  if (train.length < least || test.length === 0) {
    const left = Object.entries(leftOut).map(([reason, count]) => `${count} ${reason}`);
    const lost = left.length > 0 ? ` (left out: ${left.join(', ')})` : '';
    throw new UsageError(
      'TOO_FEW_PAIRS',
      `${train.length} pairs to train on and ${test.length} to test on${lost}; a ${size} head needs at least ${least} different ones to train on, about ${needed} pairs in all: record longer, or put test pairs aside with --test${smaller}`,
    );
  }
  throw new UsageError(
    'PAIRS_TOO_ALIKE',
    `of ${train.length} pairs to train on only ${different} differ; a ${size} head needs ${least}: record more different scenes${smaller}`,
  );
}

/**
 * How many pairs remain when those that are nearly the same count once; counts no further than needed. One caption stands for many
 * moments, which the new sensor's side tells apart; otherwise the anchor's does.
 */
function countDifferent(pairs: readonly BindPair[], side: 'anchor' | 'feature'): number {
  const near = 1 - DUPLICATE_SHARE * (1 - usualCosine(pairs, side));
  const kept: Float32Array[] = [];
  for (const { [side]: given } of pairs) {
    const vector = normalise(given);
    if (kept.some((other) => dot(other, vector) > near)) continue;
    kept.push(vector);
    if (kept.length >= MIN_DIFFERENT.linear) break;
  }
  return kept.length;
}

/** Mean cosine between pairs that are not the same thing. */
function usualCosine(pairs: readonly BindPair[], side: 'anchor' | 'feature'): number {
  let [sum, count] = [0, 0];
  const step = Math.max(1, Math.floor(pairs.length / 200));
  const some = pairs.filter((_, i) => i % step === 0).map(({ key, [side]: vector }) => ({ key, vector: normalise(vector) }));
  for (const [i, a] of some.entries()) {
    for (const b of some.slice(i + 1)) {
      if (a.key === b.key) continue;
      sum += dot(a.vector, b.vector);
      count++;
    }
  }
  return count > 0 ? sum / count : 0;
}

function meanDistance(vectors: readonly Float32Array[]): number {
  const first = vectors[0];
  if (!first) return 0;
  return (
    vectors.reduce((sum, vector) => sum + Math.sqrt(Math.max(0, 2 - 2 * dot(normalise(first), normalise(vector)))), 0) / vectors.length
  );
}

function rowsOf(pairs: readonly BindPair[]): { features: Float32Array; anchors: Float32Array; moments: Int32Array } {
  const keys = new Map<string, number>();
  const joined = (vectors: readonly Float32Array[]): Float32Array => {
    const width = vectors[0]?.length ?? 0;
    const all = new Float32Array(vectors.length * width);
    for (const [i, vector] of vectors.entries()) all.set(vector, i * width);
    return all;
  };
  const moments = Int32Array.from(pairs, ({ key, timeUs }) => {
    const moment = timeUs === undefined ? key : `${Math.floor(timeUs / MOMENT_US)}`;
    if (!keys.has(moment)) keys.set(moment, keys.size);
    return keys.get(moment) ?? -1;
  });
  return { features: joined(pairs.map(({ feature }) => feature)), anchors: joined(pairs.map(({ anchor }) => anchor)), moments };
}

/** What the head makes of a feature, as the graph will. */
function applyHead({ inputs, dim, weights, bias }: LinearHead, feature: Float32Array): Float32Array {
  const sum = bias.slice();
  for (let i = 0; i < inputs; i++) {
    const value = feature[i] ?? 0;
    for (let j = 0; j < dim; j++) sum[j] = (sum[j] ?? 0) + value * (weights[i * dim + j] ?? 0);
  }
  return normalise(sum);
}

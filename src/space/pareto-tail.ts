import type { PeakSample } from './peak-store.ts';

/** A possible tail and how much the peaks speak for it. */
interface Shape {
  readonly weight: number;
  /** Of the generalised Pareto distribution: below 0 it has an end, 0 is exponential, above 0 it is heavy. */
  readonly shape: number;
  readonly scale: number;
}

/** How often a stream's peaks reach a height, learnt from its highest ones. */
export interface Tail {
  /** The fit holds from here on, in spreads above the level. */
  readonly from: number;
  /** Peaks per day that are higher than that. */
  readonly perDay: number;
  /** Peaks that the fit rests on. */
  readonly peaks: number;
  /** Peaks that were left out as events. */
  readonly events: number;
  readonly shapes: readonly Shape[];
}

/** Expected peaks per day at or above a height, with the range that holds it in nine cases of ten. */
export interface Rate {
  readonly low: number;
  readonly expected: number;
  readonly high: number;
}

/** The share of all peaks that counts as the tail. */
const TAIL_SHARE = 0.4;
/** Excesses, in spreads, of a normal stream: they speak while there are few of its own, and where a scene is constant. */
const IMAGINED = [0.1, 0.25, 0.45, 0.8];
/** Scores are bounded and mostly fall off like a normal distribution, whose peaks look slightly negative in shape. */
const USUAL_SHAPE = -0.05;
const SHAPE_SPREAD = 0.13;
const SHAPES: readonly number[] = Array.from({ length: 19 }, (_, i) => -0.45 + 0.05 * i);
/** Gauss and Hermite's three points for a normal distribution, and their weights. */
const NODES: readonly (readonly [number, number])[] = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
];
/** Log of a share that is as good as none. */
const NEVER = -30;
/** A peak so improbable under the ones below it (in units of log) is an event. */
const EVENT_DISTANCE = 3;
const TRUSTED_SHARE = 0.75;

/**
 * Fits the tail of a background by peaks over threshold (Pickands 1975; Siffer et al. 2017 for streams): excesses above a high level
 * follow a generalised Pareto distribution. The shape is not one number but a weight for each of 19, from the likelihood and a prior,
 * so that what few peaks leave open is not mistaken for knowledge. Peaks far outside the others are taken for events and left out.
 *
 * @returns undefined where there are fewer than 8 peaks
 */
export function fitTail({ heights, total, watchedUs, certain }: PeakSample): Tail | undefined {
  const wanted = Math.min(heights.length - 1, Math.ceil(TAIL_SHARE * total));
  if (heights.length < 8 || wanted < 4 || watchedUs <= 0) return undefined;
  const from = heights[heights.length - 1 - wanted] ?? 0;
  const excesses = Float64Array.from(heights.subarray(heights.length - wanted), (height) => height - from);
  const peaks = withoutEvents(excesses, certain - from);
  const fitted = Float64Array.from([...excesses.subarray(0, peaks), ...IMAGINED]);
  const perDay = (peaks * 86_400e6) / watchedUs;
  return { from, perDay, peaks, events: wanted - peaks, shapes: shapesOf(fitted) };
}

/**
 * How many of the ascending excesses are background: from three quarters on, each next one must not be far out of what an exponential
 * tail through the ones below it can give (a censored mean: the rest is known to be at least as high). Nothing is an event that is not
 * higher than what is known to be background.
 */
function withoutEvents(excesses: Float64Array, certain: number): number {
  const count = excesses.length;
  const trusted = Math.ceil(TRUSTED_SHARE * count);
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const excess = excesses[i] ?? 0;
    if (i >= trusted && excess > certain) {
      const scale = (sum + (count - i) * (excesses[i - 1] ?? 0)) / i;
      if (excess > scale * (Math.log(count) + EVENT_DISTANCE)) return i;
    }
    sum += excess;
  }
  return count;
}

/** A weight for each shape, by its likelihood and the prior, and about each its scale, whose relative error is 1 / sqrt(peaks). */
function shapesOf(excesses: Float64Array): readonly Shape[] {
  const highest = excesses.reduce((most, excess) => Math.max(most, excess), 0);
  const fits: { shape: number; scale: number; log: number }[] = [];
  // From the heaviest on: the scale of each next one is a little larger, so the last one is a start from the left.
  let scale = excesses.reduce((sum, excess) => sum + excess, 1e-9) / excesses.length / 8;
  for (let i = SHAPES.length - 1; i >= 0; i--) {
    const shape = SHAPES[i] ?? 0;
    scale = scaleFor(shape, excesses, highest, scale);
    fits.push({ shape, scale, log: logLikelihood(shape, scale, excesses) - 0.5 * ((shape - USUAL_SHAPE) / SHAPE_SPREAD) ** 2 });
  }
  const best = Math.max(...fits.map(({ log }) => log));
  const sum = fits.reduce((total, { log }) => total + Math.exp(log - best), 0);
  const error = 1 / Math.sqrt(excesses.length);
  const shapes: Shape[] = [];
  for (const { shape, scale: middle, log } of fits) {
    const weight = Math.exp(log - best) / sum;
    if (weight > 1e-4)
      for (const [at, share] of NODES) shapes.push({ shape, scale: middle * Math.exp(at * error), weight: weight * share });
  }
  return shapes;
}

/**
 * The likeliest scale for a given shape: the root of (1 + shape) * mean(x / (scale + shape * x)) = 1. The left side falls with the scale
 * and is convex, so Newton's steps from the left never go too far.
 *
 * @param start where to begin; what is right of the root is halved first
 */
function scaleFor(shape: number, excesses: Float64Array, highest: number, start: number): number {
  // Left of this a tail that ends would end below its highest peak.
  const least = Math.max(1e-9, -shape * highest * (1 + 1e-6));
  let scale = Math.max(start, least);
  let isLeft = false;
  for (let turn = 0; turn < 60; turn++) {
    let sum = 0;
    let slope = 0;
    for (const excess of excesses) {
      const part = excess / (scale + shape * excess);
      sum += part;
      slope += part / (scale + shape * excess);
    }
    const above = (1 + shape) * sum - excesses.length;
    if (above < 0 && isLeft) break;
    isLeft = above >= 0;
    const step = isLeft ? above / ((1 + shape) * slope) : (least - scale) / 2;
    scale += step;
    if (Math.abs(step) < 1e-7 * scale) break;
  }
  return scale;
}

function logLikelihood(shape: number, scale: number, excesses: Float64Array): number {
  if (isExponential(shape)) return -excesses.length * Math.log(scale) - excesses.reduce((sum, excess) => sum + excess, 0) / scale;
  // The logarithm of a product of a few, not the sum of as many logarithms.
  let logs = 0;
  let product = 1;
  for (const [i, excess] of excesses.entries()) {
    product *= 1 + (shape * excess) / scale;
    if (i % 16 < 15) continue;
    logs += Math.log(product);
    product = 1;
  }
  return -excesses.length * Math.log(scale) - (1 + 1 / shape) * (logs + Math.log(product));
}

const isExponential = (shape: number): boolean => Math.abs(shape) < 1e-6;

/** Log of the share of peaks that exceed the tail's beginning by `excess`. */
function logSurvival({ shape, scale }: Shape, excess: number): number {
  const x = excess / scale;
  if (isExponential(shape)) return -x;
  return shape * x <= -1 ? Number.NEGATIVE_INFINITY : -Math.log1p(shape * x) / shape;
}

/** Expected peaks per day at or above `height` (in spreads); what is not known about the tail is in it. */
export function rateAt(tail: Tail, height: number): Rate {
  const excess = Math.max(0, height - tail.from);
  let expected = 0;
  let mean = 0;
  let square = 0;
  for (const shape of tail.shapes) {
    const log = logSurvival(shape, excess);
    expected += shape.weight * Math.exp(log);
    // Beyond the end of a bounded tail: as good as never.
    const bounded = Math.max(NEVER, log);
    mean += shape.weight * bounded;
    square += shape.weight * bounded * bounded;
  }
  const reach = 1.645 * Math.sqrt(Math.max(0, square - mean * mean) + 1 / tail.peaks);
  return {
    low: tail.perDay * Math.exp(mean - reach),
    expected: tail.perDay * expected,
    high: tail.perDay * Math.exp(Math.min(0, mean + reach)),
  };
}

/** The height, in spreads, that the background's peaks are expected to reach `perDay` times a day. */
export function heightFor(tail: Tail, perDay: number): number {
  if (!(tail.perDay > perDay)) return tail.from;
  // False position (the Illinois rule) on the logarithm of the rate, which is nearly straight.
  const away = (height: number): number => Math.max(-700, Math.log(expectedAt(tail, height) / perDay));
  let low = tail.from;
  let atLow = Math.log(tail.perDay / perDay);
  let high = tail.from + 1;
  let atHigh = away(high);
  while (atHigh > 0 && high < 1000) {
    low = high;
    atLow = atHigh;
    high += high - tail.from;
    atHigh = away(high);
  }
  for (let turn = 0; turn < 60 && high - low > 1e-9; turn++) {
    const height = low + ((high - low) * atLow) / (atLow - atHigh);
    const here = away(height);
    if (Math.abs(here) < 1e-7) return height;
    if (here > 0) {
      low = height;
      atLow = here;
      atHigh /= 2;
    } else {
      high = height;
      atHigh = here;
      atLow /= 2;
    }
  }
  return high;
}

function expectedAt({ from, perDay, shapes }: Tail, height: number): number {
  let share = 0;
  for (const shape of shapes) share += shape.weight * Math.exp(logSurvival(shape, height - from));
  return perDay * share;
}

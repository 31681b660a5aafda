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
  /** Peaks that were left out as events: all that are higher than `until`. */
  readonly events: number;
  /** The highest peak that counts as background. */
  readonly until: number;
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
/** Excesses, in spreads, of a normal stream: they speak while there are few of its own. Their mean is 0.4. */
const IMAGINED = [0.1, 0.25, 0.45, 0.8];
const IMAGINED_MEAN = 0.4;
/** Scores are bounded and mostly fall off like a normal distribution, whose peaks look slightly negative in shape. */
const USUAL_SHAPE = -0.05;
/** Heavier ones are rare (a normal distribution), and what looks heavy is mostly events; a tail may well end at once (much like
 * Student's t). */
const SHAPE_SPREAD = 0.13;
const SHAPES: readonly number[] = Array.from({ length: 15 }, (_, i) => (i - 9) / 10);
/** Scale and logarithm of the evidence of each while a tail is fitted. */
const FITS = new Float64Array(2 * SHAPES.length);
/** What is so much less likely than the best, as a logarithm, is not looked at closely; what weighs less is left out. */
const HOPELESS = 7;
const LEAST_WEIGHT = 1e-3;
/** Few that are far apart, to tell events from background by: one that ends, an exponential one, a heavy one. */
const ROUGH_SHAPES: readonly number[] = [0.2, 0, -0.3];
/** Gauss and Hermite's three points for a normal distribution, and their weights. */
const NODES: readonly (readonly [number, number])[] = [
  [-Math.sqrt(3), 1 / 6],
  [0, 2 / 3],
  [Math.sqrt(3), 1 / 6],
];
/** Log of a share that is as good as none. */
const NEVER = -30;
/** Of the peaks of the tail at most this share are events. */
const MOST_EVENTS = 0.25;
/** Where an event's height may lie, in scales of the background's tail: anywhere over so many. */
const EVENT_SCALES = 100;
/** A tail whose highest peak is not as many scales out has no events. */
const NEAREST_EVENT = 4;

/**
 * Fits the tail of a background by peaks over threshold (Pickands 1975; Siffer et al. 2017 for streams): excesses above a high level
 * follow a generalised Pareto distribution. The shape is not one number but a weight for each of 19, from the likelihood and a prior,
 * so that what few peaks leave open is not mistaken for knowledge. Peaks that are better explained as events are left out.
 *
 * @returns undefined where there are fewer than 8 peaks
 */
export function fitTail({ heights, total, watchedUs, certain }: PeakSample): Tail | undefined {
  const wanted = Math.min(heights.length - 1, Math.ceil(TAIL_SHARE * total));
  if (heights.length < 8 || wanted < 4 || watchedUs <= 0) return undefined;
  const from = heights[heights.length - 1 - wanted] ?? 0;
  const excesses = Float64Array.from(heights.subarray(heights.length - wanted), (height) => height - from);
  const peaks = withoutEvents(excesses, certain - from);
  const own = excesses.subarray(0, peaks);
  // Where the tail is steeper they would stand out of it.
  const narrow = Math.min(1, own.reduce((sum, excess) => sum + excess, 0) / peaks / IMAGINED_MEAN);
  const fitted = Float64Array.from([...own, ...IMAGINED.map((excess) => narrow * excess)]);
  const perDay = (peaks * 86_400e6) / watchedUs;
  return { from, perDay, peaks, events: wanted - peaks, until: from + (excesses[peaks - 1] ?? 0), shapes: shapesOf(fitted) };
}

/**
 * How many of the ascending excesses are background: the likeliest number, where each event costs what it takes to name it and its
 * height, and each peak of the background what the tail says of it. One peak must be far out to be an event, of many that stand apart
 * from the others each less far, and a heavy tail has none. Nothing is an event that is not higher than what is known to be background.
 */
function withoutEvents(excesses: Float64Array, certain: number): number {
  const count = excesses.length;
  const trusted = Math.ceil((1 - MOST_EVENTS) * count);
  let sum = 0;
  for (let i = 0; i < trusted; i++) sum += excesses[i] ?? 0;
  // A censored mean: the others are known to be at least as high.
  const scale = Math.max(1e-9, (sum + (count - trusted) * (excesses[trusted - 1] ?? 0)) / trusted);
  const nameless = -Math.log(EVENT_SCALES * scale);
  let best = count;
  let most = Number.NEGATIVE_INFINITY;
  let named = 0;
  for (let peaks = count; peaks >= trusted; peaks--) {
    const events = count - peaks;
    // Each assignment of so many events is as likely as any other, and so is each number of them.
    if (events > 0) named += Math.log(events / (peaks + 1)) + nameless;
    const evidence = named + roughEvidence(excesses.subarray(0, peaks), scale);
    if (evidence > most) [most, best] = [evidence, peaks];
    const next = excesses[peaks - 1] ?? 0;
    if (next <= certain || next < NEAREST_EVENT * scale) break;
  }
  return best;
}

/** How well a tail of whatever shape explains the excesses, as a logarithm. */
function roughEvidence(excesses: Float64Array, start: number): number {
  const highest = excesses[excesses.length - 1] ?? 0;
  const logs = ROUGH_SHAPES.map((shape) => logPrior(shape) + logLikelihood(shape, scaleFor(shape, excesses, highest, start / 2), excesses));
  const best = Math.max(...logs);
  return best + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - best), 0));
}

function logPrior(shape: number): number {
  const away = (shape - USUAL_SHAPE) / SHAPE_SPREAD;
  return away > 0 ? -(away * away) / 2 : -3 * Math.log1p((away * away) / 3);
}

/** A weight for each shape and for three scales about its likeliest, by the likelihood and the prior. */
function shapesOf(excesses: Float64Array): readonly Shape[] {
  const highest = excesses.reduce((most, excess) => Math.max(most, excess), 0);
  // From the heaviest on: the scale of each next one is a little larger, so the last one is a start from the left.
  let scale = excesses.reduce((sum, excess) => sum + excess, 1e-9) / excesses.length / 8;
  let best = Number.NEGATIVE_INFINITY;
  for (let i = SHAPES.length - 1; i >= 0; i--) {
    const shape = SHAPES[i] ?? 0;
    scale = scaleFor(shape, excesses, highest, scale);
    const log = logPrior(shape) + logLikelihood(shape, scale, excesses);
    FITS[2 * i] = scale;
    FITS[2 * i + 1] = log;
    best = Math.max(best, log);
  }
  const shapes: { shape: number; scale: number; weight: number }[] = [];
  let sum = 0;
  for (const [i, shape] of SHAPES.entries()) {
    const [middle = 0, log = 0] = [FITS[2 * i], FITS[2 * i + 1]];
    if (log < best - HOPELESS) continue;
    const error = Math.sqrt(Math.max(0.1, 1 + 2 * shape) / excesses.length);
    for (const [at, share] of NODES) {
      const near = middle * Math.exp(at * error);
      // Near its highest peak a tail that ends is not as likely as the error says.
      const there = at === 0 ? log : logPrior(shape) + logLikelihood(shape, near, excesses);
      const weight = share * Math.exp((at * at) / 2 + there - best);
      if (weight < LEAST_WEIGHT) continue;
      shapes.push({ shape, scale: near, weight });
      sum += weight;
    }
  }
  for (const one of shapes) one.weight /= sum;
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
    const left = 1 + (shape * excess) / scale;
    // Beyond the end of the tail.
    if (left <= 0) return Number.NEGATIVE_INFINITY;
    product *= left;
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

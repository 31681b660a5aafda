import { BIN_US } from './activity.ts';

/** What changes more slowly than this is not an event. */
const BASELINE_BINS = 100;
/** Neighbours of a peak belong to it. */
const PEAK_BINS = 15;
/** A peak stands out when it is so many standard deviations above the other lags. */
const SURE_DEVIATIONS = 8;
const UNSURE_DEVIATIONS = 3;
/** Less than this in common proves nothing. */
const MIN_BINS = 500;

export interface Lag {
  /** How much later the second source notices the same, in ms. */
  readonly lagMs: number;
  /** 0: chance could do it; 1: it could not. */
  readonly confidence: number;
  /** Correlation at each lag, from the most negative on. */
  readonly curve: Float32Array;
  readonly maxLagMs: number;
}

/**
 * The lag at which two series of activity agree best, by cross-correlation of their onsets, to a fraction of a bin. Undefined where
 * they have less than 5 s in common, or one of them never changes.
 */
export function estimateLag(a: Float32Array, b: Float32Array, maxLagMs: number): Lag | undefined {
  const length = Math.min(a.length, b.length);
  const reach = Math.round((maxLagMs * 1000) / BIN_US);
  if (length < Math.max(MIN_BINS, 2 * reach)) return undefined;
  const [left, right] = [onsets(a.subarray(0, length)), onsets(b.subarray(0, length))];
  if (!left || !right) return undefined;
  const curve = new Float32Array(2 * reach + 1);
  for (let lag = -reach; lag <= reach; lag++) {
    let sum = 0;
    for (let i = Math.max(0, -lag); i < Math.min(length, length - lag); i++) sum += (left[i] ?? 0) * (right[i + lag] ?? 0);
    curve[lag + reach] = sum;
  }
  const peak = curve.reduce((best, value, i) => (value > (curve[best] ?? 0) ? i : best), 0);
  return {
    lagMs: Math.round(((peak + fraction(curve, peak) - reach) * BIN_US) / 100) / 10,
    confidence: confidenceOf(curve, peak),
    curve,
    maxLagMs,
  };
}

/** What lies above the usual level of the last and next second, its great values compressed, at unit length. */
function onsets(series: Float32Array): Float32Array | undefined {
  const out = new Float32Array(series.length);
  let sum = 0;
  for (let i = 0; i < Math.min(BASELINE_BINS, series.length); i++) sum += series[i] ?? 0;
  for (let i = 0; i < series.length; i++) {
    sum += (series[i + BASELINE_BINS] ?? 0) - (series[i - BASELINE_BINS - 1] ?? 0);
    out[i] = Math.sqrt(Math.max(0, (series[i] ?? 0) - sum / (2 * BASELINE_BINS + 1)));
  }
  const mean = out.reduce((total, value) => total + value, 0) / out.length;
  for (let i = 0; i < out.length; i++) out[i] = (out[i] ?? 0) - mean;
  const size = Math.sqrt(out.reduce((total, value) => total + value * value, 0));
  return size > 1e-6 ? out.map((value) => value / size) : undefined;
}

/** Where between bins the peak of a parabola through three of them lies. */
function fraction(curve: Float32Array, peak: number): number {
  const [before, at, after] = [curve[peak - 1], curve[peak] ?? 0, curve[peak + 1]];
  if (before === undefined || after === undefined) return 0;
  const bend = before - 2 * at + after;
  return bend < 0 ? (before - after) / (2 * bend) : 0;
}

function confidenceOf(curve: Float32Array, peak: number): number {
  const others = curve.filter((_, i) => Math.abs(i - peak) > PEAK_BINS);
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const deviation = Math.sqrt(others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / others.length);
  const stands = ((curve[peak] ?? 0) - mean) / Math.max(1e-9, deviation);
  return Math.round(100 * Math.min(1, Math.max(0, (stands - UNSURE_DEVIATIONS) / (SURE_DEVIATIONS - UNSURE_DEVIATIONS)))) / 100;
}

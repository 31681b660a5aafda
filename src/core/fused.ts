import type { Embedding } from './types.ts';

/** One unit vector of several sources at one tick: the weighted sum of their newest ones, or what the bundle's fusion graph makes of their tokens. */
export interface Fused {
  /** Id of the fusion, e.g. `fused`. */
  readonly source: string;
  readonly space: string;
  /** Count of fused vectors, from 0. */
  readonly seq: number;
  /** The tick that it was made for. Recordings of earlier versions do not have it. */
  readonly tickUs?: number | undefined;
  /** `[startUs, endUs)` spans the windows that went in. */
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
  /** Sources that went in, and those that were too old or silent. */
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Of those present, the ones whose last vector is held beyond its age (`missing: hold`). */
  readonly held: readonly string[];
  /** What each source that went in weighed in the end: its modality's weight times the quality of its window times its confidence, as shares of 1. Empty for joint fusion. */
  readonly weights: Readonly<Record<string, number>>;
  readonly vector: Float32Array;
  /** How sure those that went in are, in the mean by their weights, 0..1. Absent: 1. */
  readonly confidence?: number;
}

/** A moment of fusion: who is to go in. */
export interface FusionTick {
  readonly tickUs: number;
  /** At least one, all of one space. */
  readonly present: readonly Embedding[];
  readonly missing: readonly string[];
  readonly held: readonly string[];
}

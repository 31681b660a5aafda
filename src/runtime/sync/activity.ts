import type { Payload, Sample } from '../../core/types.ts';
import { fillGrid, GRID_POINTS, isPlainFrame, type PlainFrame } from '../../operators/frame-grid.ts';

/** One bin of a series. */
export const BIN_US = 10_000;
/** An hour; what comes later is left out. */
const MAX_BINS = 360_000;
/** Sound is looked at in pieces of this length. */
const PIECE_US = 5000;
/** Below this energy nothing is told from noise. */
const FLOOR = 1e-8;
/** A longer distance of two samples is a hole, not a slow change. */
const HOLE_US = 2_000_000;

/** When one source noticed something: how much changed in each bin of 10 ms of event time. */
export class Activity {
  readonly #fromUs: number;
  #bins = new Float32Array(4096);
  #length = 0;
  #grid = new Float32Array(GRID_POINTS);
  #before = new Float32Array(GRID_POINTS);
  #beforeUs = Number.NaN;
  #level = Number.NaN;
  #acceleration: readonly number[] | undefined;
  samples = 0;

  /** @param fromUs event time of the first bin */
  constructor(fromUs: number) {
    this.#fromUs = fromUs;
  }

  get bins(): Float32Array {
    return this.#bins.subarray(0, this.#length);
  }

  /** Samples in order of event time. An `encoded` picture must be decoded before. */
  add({ timeUs, payload }: Pick<Sample, 'timeUs' | 'payload'>): void {
    this.samples++;
    if (payload.kind === 'pcm') this.#sound(timeUs, payload);
    else if (payload.kind === 'imu') this.#motion(timeUs, payload.values);
    else if (isPlainFrame(payload)) this.#frame(timeUs, payload);
  }

  /** How much louder a piece is than the one before, in decades. */
  #sound(timeUs: number, { data, rateHz }: Extract<Payload, { readonly kind: 'pcm' }>): void {
    const size = Math.max(1, Math.round((rateHz * PIECE_US) / 1e6));
    for (let at = 0; at + size <= data.length; at += size) {
      let energy = 0;
      for (let i = at; i < at + size; i++) energy += (data[i] ?? 0) ** 2;
      const level = Math.log10(energy / size + FLOOR);
      if (level > this.#level) this.#note(timeUs + (at * 1e6) / rateHz, 0, level - this.#level);
      // Rises are measured against what it was just now, not against the last 5 ms alone.
      this.#level = Number.isNaN(this.#level) ? level : this.#level + 0.3 * (level - this.#level);
    }
  }

  #motion(timeUs: number, values: Float32Array): void {
    const acceleration = [values[0] ?? 0, values[1] ?? 0, values[2] ?? 0];
    const before = this.#acceleration;
    if (before) this.#note(timeUs, 0, Math.log1p(Math.hypot(...acceleration.map((value, i) => value - (before[i] ?? 0)))));
    this.#acceleration = acceleration;
  }

  /** What changed between two frames happened somewhere between them. */
  #frame(timeUs: number, frame: PlainFrame): void {
    fillGrid(frame, this.#grid);
    const distanceUs = timeUs - this.#beforeUs;
    if (distanceUs > 0 && distanceUs < HOLE_US) {
      let sum = 0;
      for (let i = 0; i < GRID_POINTS; i++) sum += Math.abs((this.#grid[i] ?? 0) - (this.#before[i] ?? 0));
      this.#note(timeUs - distanceUs, distanceUs, sum / GRID_POINTS);
    }
    [this.#grid, this.#before] = [this.#before, this.#grid];
    this.#beforeUs = timeUs;
  }

  #note(fromUs: number, lengthUs: number, amount: number): void {
    const first = Math.floor((fromUs - this.#fromUs) / BIN_US);
    const last = Math.floor((fromUs + lengthUs - this.#fromUs) / BIN_US);
    if (first < 0 || last >= MAX_BINS) return;
    this.#grow(last + 1);
    for (let bin = first; bin <= last; bin++) this.#bins[bin] = (this.#bins[bin] ?? 0) + amount / (last - first + 1);
  }

  #grow(length: number): void {
    if (length > this.#bins.length) {
      const bigger = new Float32Array(Math.min(MAX_BINS, Math.max(length, this.#bins.length * 2)));
      bigger.set(this.#bins);
      this.#bins = bigger;
    }
    this.#length = Math.max(this.#length, length);
  }
}

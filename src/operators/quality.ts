import type { Pcm, Sample } from '../core/types.ts';
import { fillGrid, GRID_POINTS, isPlainFrame, type PlainFrame } from './frame-grid.ts';

/** Sound below the first says nothing, above the second all (root mean square, dB below full scale): the floor of a bad microphone. */
const SILENT_DB = -80;
const AUDIBLE_DB = -60;
/** A sample at full scale is taken for clipped; at this share of them nothing is left of the sound. */
const FULL_SCALE = 0.999;
const ALL_CLIPPED = 0.1;
/** A sensor that lives has noise: so many equal readings in a row are a stuck one. */
const STUCK_READINGS = 8;

const grid = new Float32Array(GRID_POINTS);

interface Loudness {
  readonly energy: number;
  readonly clipped: number;
}

/** A chunk is in several windows that overlap: it is measured once. */
const loudness = new WeakMap<Pcm, Loudness>();

/**
 * How much a window's samples can say, 0..1; 1 where nothing is wrong, or where it cannot be seen without decoding (JPEG, PNG).
 * Sound: silence and clipping. Motion: a stuck sensor. Pictures, of the newest one: darkness, overexposure and a covered lens. Heat: a map of one
 * temperature. Depth: few points with a distance.
 */
export function qualityOf(members: readonly Sample[]): number {
  const newest = members.at(-1)?.payload;
  if (newest === undefined) return 1;
  if (newest.kind === 'pcm') return soundQuality(members);
  if (newest.kind === 'imu') return motionQuality(members);
  return isPlainFrame(newest) ? frameQuality(newest) : 1;
}

function soundQuality(members: readonly Sample[]): number {
  let energy = 0;
  let clipped = 0;
  let count = 0;
  for (const { payload } of members) {
    if (payload.kind !== 'pcm') continue;
    const chunk = loudnessOf(payload);
    energy += chunk.energy;
    clipped += chunk.clipped;
    count += payload.data.length;
  }
  const db = 10 * Math.log10(energy / Math.max(1, count));
  return Math.min(ramp(db, SILENT_DB, AUDIBLE_DB), 1 - ramp(clipped / Math.max(1, count), 0, ALL_CLIPPED));
}

function loudnessOf(chunk: Pcm): Loudness {
  const known = loudness.get(chunk);
  if (known) return known;
  let energy = 0;
  let clipped = 0;
  for (const value of chunk.data) {
    energy += value * value;
    if (value >= FULL_SCALE || value <= -FULL_SCALE) clipped++;
  }
  const measured = { energy, clipped };
  loudness.set(chunk, measured);
  return measured;
}

function motionQuality(members: readonly Sample[]): number {
  const first = members[0]?.payload;
  if (first?.kind !== 'imu' || members.length < STUCK_READINGS) return 1;
  for (const { payload } of members) if (payload.kind === 'imu' && differs(payload.values, first.values)) return 1;
  return 0;
}

function differs(a: Float32Array, b: Float32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return true;
  return false;
}

function frameQuality(frame: PlainFrame): number {
  fillGrid(frame, grid);
  if (frame.kind === 'depth')
    return ramp(
      shareOf(grid, (mm) => mm > 0),
      0.02,
      0.2,
    );
  const { mean, deviation } = moments(grid);
  if (frame.kind === 'thermal') return ramp(deviation, 0.02, 0.1);
  const isDark = 1 - ramp(mean, 0.02, 0.08);
  const isFlat = 1 - ramp(deviation, 0.005, 0.02);
  const isBurnt = ramp(
    shareOf(grid, (brightness) => brightness > 0.99),
    0.5,
    1,
  );
  return 1 - Math.max(isDark, isFlat, isBurnt);
}

function moments(values: Float32Array): { mean: number; deviation: number } {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

function shareOf(values: Float32Array, is: (value: number) => boolean): number {
  let count = 0;
  for (const value of values) if (is(value)) count++;
  return count / values.length;
}

/** 0 up to `low`, 1 from `high` on, straight between; 0 for what is no number. */
const ramp = (value: number, low: number, high: number): number => {
  const share = (value - low) / (high - low);
  return share > 0 ? Math.min(1, share) : 0;
};

/** For a window's description: nothing where nothing is wrong. */
export const qualityField = (members: readonly Sample[]): { readonly quality?: number } => {
  const quality = Math.round(qualityOf(members) * 1000) / 1000;
  return quality < 1 ? { quality } : {};
};

import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import type { ImuRecipe } from './recipe.ts';

/** When the points of a grid are, and what fills holes. */
interface Grid extends Pick<ImuRecipe, 'rateHz' | 'gaps' | 'maxGapMs'> {
  readonly startUs: number;
  /** Points. */
  readonly length: number;
}

/** One reading of a sensor of several channels. NaN: that channel has no value. */
export interface ChannelRow {
  readonly timeUs: number;
  readonly values: ArrayLike<number>;
}

/**
 * Irregular, gappy rows on the model's grid: `channels` x T, point k at `startUs + k / rateHz`.
 *
 * Rows are sorted by time; of equal times the one that came last counts; NaN leaves out that channel of that row. A point is on
 * the line between its neighbours; outside the data the first or last value holds. With `gaps: zero` a point is zero strictly
 * inside a hole wider than `maxGapMs`, and outside the data.
 *
 * @throws PayloadError `NO_ROWS` where a channel has no value at all
 */
export function channelGrid(
  rows: readonly ChannelRow[],
  channels: number,
  terms: Pick<ImuRecipe, 'rateHz' | 'seconds' | 'gaps' | 'maxGapMs'>,
  startUs: number,
): Tensor {
  const sorted = isAscending(rows) ? rows : newestOfEqualTimes(rows);
  const grid: Grid = { ...terms, startUs, length: Math.round(terms.rateHz * terms.seconds) };
  const data = new Float32Array(channels * grid.length);
  const times = new Float64Array(sorted.length);
  for (let row = 0; row < times.length; row++) times[row] = sorted[row]?.timeUs ?? 0;
  // Most rows have all their channels: where each point lies among them is looked up once.
  const rights = rightsOf(times, grid);
  for (let channel = 0; channel < channels; channel++) {
    const known = knownValues(sorted, channel, times);
    if (known.values.length === 0) throw new PayloadError('NO_ROWS', `channel ${channel} has no value at all`);
    const isWhole = known.values.length === times.length;
    fill(data.subarray(channel * grid.length, (channel + 1) * grid.length), known, isWhole ? rights : rightsOf(known.times, grid), grid);
  }
  return { shape: [channels, grid.length], data };
}

/** The finite values of a channel, and when they were. */
interface Known {
  readonly times: Float64Array;
  readonly values: Float64Array;
}

function knownValues(rows: readonly ChannelRow[], channel: number, times: Float64Array): Known {
  const values = new Float64Array(rows.length);
  let count = 0;
  for (let row = 0; row < values.length; row++) {
    const value = rows[row]?.values[channel] ?? NaN;
    values[row] = value;
    if (Number.isFinite(value)) count++;
  }
  if (count === values.length) return { times, values };
  const isKnown = (_: number, row: number): boolean => Number.isFinite(values[row]);
  return { times: times.filter(isKnown), values: values.filter(isKnown) };
}

/** For each point of the grid the first row that is not before it; the number of rows where there is none. */
function rightsOf(times: Float64Array, grid: Grid): Int32Array {
  const rights = new Int32Array(grid.length);
  let right = 0;
  for (let k = 0; k < rights.length; k++) {
    const time = timeOf(k, grid);
    while (right < times.length && (times[right] ?? 0) < time) right++;
    rights[k] = right;
  }
  return rights;
}

function fill(out: Float32Array, { times, values }: Known, rights: Int32Array, grid: Grid): void {
  const isZero = grid.gaps === 'zero';
  const widestUs = isZero ? grid.maxGapMs * 1000 : Number.POSITIVE_INFINITY;
  for (let k = 0; k < out.length; k++) {
    const right = rights[k] ?? 0;
    const time = timeOf(k, grid);
    const [rightUs, b] = [times[right] ?? NaN, values[right] ?? 0];
    if (rightUs === time) out[k] = b;
    else if (right === 0 || right === times.length) out[k] = isZero ? 0 : (values[Math.min(right, times.length - 1)] ?? 0);
    else {
      const [leftUs, a] = [times[right - 1] ?? 0, values[right - 1] ?? 0];
      out[k] = rightUs - leftUs > widestUs ? 0 : a + ((b - a) * (time - leftUs)) / (rightUs - leftUs);
    }
  }
}

const timeOf = (k: number, { startUs, rateHz }: Grid): number => startUs + (k * 1e6) / rateHz;

function isAscending(rows: readonly ChannelRow[]): boolean {
  for (let i = 1; i < rows.length; i++) if ((rows[i - 1]?.timeUs ?? 0) >= (rows[i]?.timeUs ?? 0)) return false;
  return true;
}

function newestOfEqualTimes(rows: readonly ChannelRow[]): ChannelRow[] {
  const byTime = new Map<number, ChannelRow>();
  for (const row of rows) byTime.set(row.timeUs, row);
  return [...byTime.values()].sort((a, b) => a.timeUs - b.timeUs);
}

import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import type { ImuRecipe } from './recipe.ts';

/** When the points of a grid are, and what fills holes. */
type GridTerms = Pick<ImuRecipe, 'rateHz' | 'seconds' | 'gaps' | 'maxGapMs'>;

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
  { rateHz, seconds, gaps, maxGapMs }: GridTerms,
  startUs: number,
): Tensor {
  const sorted = newestOfEqualTimes(rows);
  const length = Math.round(rateHz * seconds);
  const data = new Float32Array(channels * length);
  for (let channel = 0; channel < channels; channel++) {
    const valid = sorted.filter(({ values }) => Number.isFinite(values[channel]));
    if (valid.length === 0) throw new PayloadError('NO_ROWS', `channel ${channel} has no value at all`);
    let right = 0;
    for (let k = 0; k < length; k++) {
      const time = startUs + (k * 1e6) / rateHz;
      while (right < valid.length && (valid[right]?.timeUs ?? 0) < time) right++;
      data[channel * length + k] = valueAt(
        time,
        valid[right - 1],
        valid[right],
        channel,
        gaps === 'zero' ? maxGapMs * 1000 : Number.POSITIVE_INFINITY,
        gaps,
      );
    }
  }
  return { shape: [channels, length], data };
}

function valueAt(
  time: number,
  left: ChannelRow | undefined,
  right: ChannelRow | undefined,
  channel: number,
  widestUs: number,
  gaps: GridTerms['gaps'],
): number {
  if (right?.timeUs === time) return right.values[channel] ?? 0;
  if (!left || !right) return gaps === 'zero' ? 0 : ((left ?? right)?.values[channel] ?? 0);
  if (right.timeUs - left.timeUs > widestUs) return 0;
  const [a, b] = [left.values[channel] ?? 0, right.values[channel] ?? 0];
  return a + ((b - a) * (time - left.timeUs)) / (right.timeUs - left.timeUs);
}

function newestOfEqualTimes(rows: readonly ChannelRow[]): ChannelRow[] {
  const byTime = new Map<number, ChannelRow>();
  for (const row of rows) byTime.set(row.timeUs, row);
  return [...byTime.values()].sort((a, b) => a.timeUs - b.timeUs);
}

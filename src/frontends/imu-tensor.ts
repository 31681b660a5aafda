import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import type { ImuRecipe } from './recipe.ts';

/** One inertial reading: time, and acceleration x y z (m/s2), angular rate x y z (rad/s). NaN: that channel has no value. */
export interface ImuRow {
  readonly timeUs: number;
  readonly values: ArrayLike<number>;
}

const CHANNELS = 6;

/**
 * Irregular, gappy rows on the model's grid: 6 x T, point k at `startUs + k / rateHz`.
 *
 * Rows are sorted by time; of equal times the one that came last counts; NaN leaves out that channel of that row. A point is on
 * the line between its neighbours; outside the data the first or last value holds. With `gaps: zero` a point is zero strictly
 * inside a hole wider than `maxGapMs`, and outside the data.
 *
 * @throws PayloadError `NO_ROWS` where a channel has no value at all
 */
export function imuTensor(rows: readonly ImuRow[], { rateHz, seconds, gaps, maxGapMs }: ImuRecipe, startUs: number): Tensor {
  const sorted = newestOfEqualTimes(rows);
  const length = Math.round(rateHz * seconds);
  const data = new Float32Array(CHANNELS * length);
  for (let channel = 0; channel < CHANNELS; channel++) {
    const valid = sorted.filter(({ values }) => Number.isFinite(values[channel]));
    if (valid.length === 0) throw new PayloadError('NO_ROWS', `channel ${channel} of the motion has no value at all`);
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
  return { shape: [CHANNELS, length], data };
}

function valueAt(
  time: number,
  left: ImuRow | undefined,
  right: ImuRow | undefined,
  channel: number,
  widestUs: number,
  gaps: ImuRecipe['gaps'],
): number {
  if (right?.timeUs === time) return right.values[channel] ?? 0;
  if (!left || !right) return gaps === 'zero' ? 0 : ((left ?? right)?.values[channel] ?? 0);
  if (right.timeUs - left.timeUs > widestUs) return 0;
  const [a, b] = [left.values[channel] ?? 0, right.values[channel] ?? 0];
  return a + ((b - a) * (time - left.timeUs)) / (right.timeUs - left.timeUs);
}

function newestOfEqualTimes(rows: readonly ImuRow[]): ImuRow[] {
  const byTime = new Map<number, ImuRow>();
  for (const row of rows) byTime.set(row.timeUs, row);
  return [...byTime.values()].sort((a, b) => a.timeUs - b.timeUs);
}

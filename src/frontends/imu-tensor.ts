import type { Tensor } from '../core/types.ts';
import { channelGrid, type ChannelRow } from './channel-grid.ts';
import type { ImuRecipe } from './recipe.ts';

/** One inertial reading: time, and acceleration x y z (m/s2), angular rate x y z (rad/s). NaN: that channel has no value. */
export type ImuRow = ChannelRow;

export const IMU_CHANNELS = 6;

/**
 * Irregular, gappy rows of motion on the model's grid: 6 x T, point k at `startUs + k / rateHz` (`channelGrid` has the rules).
 *
 * @throws PayloadError `NO_ROWS` where a channel has no value at all
 */
export const imuTensor = (rows: readonly ImuRow[], recipe: ImuRecipe, startUs: number): Tensor =>
  channelGrid(rows, IMU_CHANNELS, recipe, startUs);

import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import { channelGrid, type ChannelRow } from './channel-grid.ts';
import type { SeriesRecipe } from './recipe.ts';

/**
 * Irregular rows of any sensor's channels on the model's grid, channels x T (`channelGrid` has the rules), each channel as
 * (value - mean) / std, so that volts and parts per million weigh alike.
 *
 * @throws PayloadError `NO_ROWS`; `BAD_SHAPE` where a row has another number of channels than the recipe
 */
export function seriesTensor(rows: readonly ChannelRow[], recipe: SeriesRecipe, startUs: number): Tensor {
  const { mean, std } = recipe;
  const odd = rows.find(({ values }) => values.length !== mean.length);
  if (odd) throw new PayloadError('BAD_SHAPE', `a reading has ${odd.values.length} channels, the encoder wants ${mean.length}`);
  const tensor = channelGrid(rows, mean.length, recipe, startUs);
  const length = tensor.data.length / mean.length;
  for (const [channel, offset] of mean.entries()) {
    const scale = 1 / (std[channel] ?? 1);
    for (let i = channel * length; i < (channel + 1) * length; i++) tensor.data[i] = ((tensor.data[i] ?? 0) - offset) * scale;
  }
  return tensor;
}

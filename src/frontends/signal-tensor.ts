import type { Clip, Depth, Pcm, Picture, Tensor, Thermal } from '../core/types.ts';
import { PayloadError } from '../core/errors.ts';
import { imuTensor, type ImuRow } from './imu-tensor.ts';
import { logMelBatch, stacked } from './log-mel.ts';
import { pictureTensor } from './picture-tensor.ts';
import type { FrontEnd, LogMelRecipe, WaveformRecipe } from './recipe.ts';

/** A whole signal, e.g. of a file, before its front end. */
export type Signal =
  | { readonly kind: 'picture'; readonly picture: Picture | Clip | Thermal | Depth }
  | { readonly kind: 'sound'; readonly sound: Pcm }
  | { readonly kind: 'motion'; readonly rows: readonly ImuRow[] };

/**
 * The tensor that the encoder gets, without its batch axis; of a sound with `clips`, with an axis of them in front.
 *
 * @throws PayloadError with what the front end cannot make a tensor of
 */
export async function tensorOf(recipe: FrontEnd, signal: Signal): Promise<Tensor> {
  switch (signal.kind) {
    case 'picture':
      return pictureTensor(signal.picture, recipe);
    case 'sound': {
      if ((recipe.kind !== 'log-mel' && recipe.kind !== 'waveform') || recipe.clips === undefined) return logMelBatch(signal.sound, recipe);
      return stacked(recipeClips(signal.sound, recipe, recipe.clips).map((clip) => logMelBatch(clip, recipe)));
    }
    case 'motion': {
      if (recipe.kind !== 'imu') throw new PayloadError('BAD_FRONT_END', `motion needs a front end of kind imu, not ${recipe.kind}`);
      const first = signal.rows.reduce((least, { timeUs }) => Math.min(least, timeUs), Number.POSITIVE_INFINITY);
      return imuTensor(signal.rows, recipe, recipe.startUs ?? first);
    }
  }
}

/** Clips of the recipe's `seconds`, their starts evenly spaced from 0 to the last that fits, in order; of a short sound all the same. */
function recipeClips(sound: Pcm, { seconds, rateHz }: LogMelRecipe | WaveformRecipe, count: number): Pcm[] {
  const size = seconds === undefined ? sound.data.length : Math.round(seconds * rateHz);
  const last = Math.max(0, sound.data.length - size);
  return Array.from({ length: count }, (_, i) => {
    const start = count === 1 ? 0 : Math.round((i * last) / (count - 1));
    return { ...sound, data: sound.data.subarray(start, start + size) };
  });
}

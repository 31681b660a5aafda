import type { ArrayReading, Clip, Depth, Pcm, Picture, Tensor, Thermal } from '../core/types.ts';
import { PayloadError } from '../core/errors.ts';
import { evenClips } from './even-clips.ts';
import { imuTensor, type ImuRow } from './imu-tensor.ts';
import { logMelBatch, stacked } from './log-mel.ts';
import { pictureTensor } from './picture-tensor.ts';
import type { FrontEnd } from './recipe.ts';

/** A whole signal, e.g. of a file, before its front end. */
export type Signal =
  | { readonly kind: 'picture'; readonly picture: Picture | Clip | Thermal | Depth | ArrayReading }
  | { readonly kind: 'sound'; readonly sound: Pcm }
  /** Rows of numbers that a network elsewhere has made of pictures, one after the other. */
  | { readonly kind: 'features'; readonly rows: readonly Float32Array[] }
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
      return stacked(evenClips(signal.sound, recipe, recipe.clips).map(({ sound }) => logMelBatch(sound, recipe)));
    }
    case 'features':
      return stacked(signal.rows.map((data) => ({ shape: [data.length], data })));
    case 'motion': {
      if (recipe.kind !== 'imu') throw new PayloadError('BAD_FRONT_END', `motion needs a front end of kind imu, not ${recipe.kind}`);
      const first = signal.rows.reduce((least, { timeUs }) => Math.min(least, timeUs), Number.POSITIVE_INFINITY);
      return imuTensor(signal.rows, recipe, recipe.startUs ?? first);
    }
  }
}

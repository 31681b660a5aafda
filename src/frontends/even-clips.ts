import type { Pcm } from '../core/types.ts';
import type { LogMelRecipe, WaveformRecipe } from './recipe.ts';

/** A cut of a sound; times in microseconds from where the sound begins. */
export interface SoundClip {
  readonly startUs: number;
  readonly endUs: number;
  readonly sound: Pcm;
}

/** Samples `[start, start + size)` of a sound, or what there is of them. */
export function soundClip(whole: Pcm, start: number, size: number): SoundClip {
  const data = whole.data.subarray(start, start + size);
  const us = (samples: number): number => Math.round((samples * 1e6) / whole.rateHz);
  return { startUs: us(start), endUs: us(start + data.length), sound: { ...whole, data } };
}

/** Clips of the recipe's `seconds`, their starts evenly spaced from 0 to the last that fits, in order; of a short sound all the same. */
export function evenClips(sound: Pcm, { seconds, rateHz }: LogMelRecipe | WaveformRecipe, count: number): SoundClip[] {
  const size = seconds === undefined ? sound.data.length : Math.round(seconds * rateHz);
  const last = Math.max(0, sound.data.length - size);
  return Array.from({ length: count }, (_, i) => soundClip(sound, count === 1 ? 0 : Math.round((i * last) / (count - 1)), size));
}

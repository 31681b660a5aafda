import type { Pcm } from '../core/types.ts';
import type { ManifestWindow } from './manifest.ts';

/**
 * Cuts a sound into the windows that its encoder was made for: one per hop from the start, and a last one that ends with the sound.
 * A sound that is shorter than one window, or a bundle without sliding windows, gives the whole sound.
 */
export function* soundClips(sound: Pcm, window: ManifestWindow | undefined): Generator<Pcm> {
  const { data, rateHz } = sound;
  const size = window?.kind === 'sliding' ? Math.round((window.sizeMs * rateHz) / 1000) : data.length;
  const hop = window?.kind === 'sliding' ? Math.max(1, Math.round((window.hopMs * rateHz) / 1000)) : 1;
  const last = data.length - size;
  if (last <= 0) {
    yield sound;
    return;
  }
  for (let start = 0; start < last; start += hop) yield { ...sound, data: data.subarray(start, start + size) };
  yield { ...sound, data: data.subarray(last) };
}

import type { Pcm } from '../core/types.ts';
import { soundClip, type SoundClip } from '../frontends/even-clips.ts';
import type { ManifestWindow } from './manifest.ts';

/**
 * Cuts a sound into the windows that its encoder was made for: one per hop from the start, and a last one that ends with the sound.
 * A sound that is shorter than one window, or a bundle without sliding windows, gives the whole sound.
 */
export function* soundClips(sound: Pcm, window: ManifestWindow | undefined): Generator<SoundClip> {
  const { data, rateHz } = sound;
  const isSliding = window?.kind === 'sliding';
  const size = isSliding ? Math.round((window.sizeMs * rateHz) / 1000) : data.length;
  const hop = isSliding ? Math.max(1, Math.round((window.hopMs * rateHz) / 1000)) : 1;
  const last = Math.max(0, data.length - size);
  for (let start = 0; start < last; start += hop) yield soundClip(sound, start, size);
  yield soundClip(sound, last, size);
}

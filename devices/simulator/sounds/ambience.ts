import { lowPass, SOUND_RATE_HZ, whiteNoise } from './waveform.ts';

/** A quiet kitchen, to be looped: the refrigerator's 50 Hz hum and the hiss of the room, about -62 dB of full scale. Without a seam. */
export function ambience(seconds: number, seed: number): Float32Array {
  const overlap = 0.5;
  const hiss = lowPass(whiteNoise(seconds + overlap, seed), 500);
  const count = Math.round(seconds * SOUND_RATE_HZ);
  const fade = hiss.length - count;
  const out = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const t = i / SOUND_RATE_HZ;
    // The first half second is blended with what would have followed the end.
    const share = Math.min(1, i / fade);
    const air = i < fade ? Math.sqrt(share) * (hiss[i] ?? 0) + Math.sqrt(1 - share) * (hiss[count + i] ?? 0) : (hiss[i] ?? 0);
    const hum = Math.sin(2 * Math.PI * 50 * t) + 0.6 * Math.sin(2 * Math.PI * 100 * t) + 0.25 * Math.sin(2 * Math.PI * 150 * t + 1);
    out[i] = 0.004 * air + 0.0006 * hum;
  }
  return out;
}

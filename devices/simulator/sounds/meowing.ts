import { wander } from '../random.ts';
import { atPeak, bandPass, inRoom, mixInto, silence, SOUND_RATE_HZ, whiteNoise } from './waveform.ts';

/** A meow begins each so many seconds and lasts `MEOW_SECONDS`. */
export const MEOW_EVERY_SECONDS = 1.4;
export const MEOW_SECONDS = 0.85;

/** Resonances of the throat, Hz with the mouth closed and open, and their strength. */
const FORMANTS = [
  [1070, 1450, 1],
  [1960, 2600, 0.7],
  [2850, 2850, 0.35],
] as const;

/** How far the mouth is open at that share of a meow, 0..1. */
export const mouthAt = (share: number): number => (share < 0 || share > 1 ? 0 : Math.sin(Math.PI * Math.min(1, share / 0.9)));

/** One meow: the harmonics of a voice that rises a little and falls, through a throat that opens and closes. */
function meow(seed: number): Float32Array {
  const sound = silence(MEOW_SECONDS);
  const breath = bandPass(whiteNoise(MEOW_SECONDS, seed), 3000, 0.5);
  let phase = 0;
  for (let i = 0; i < sound.length; i++) {
    const t = i / SOUND_RATE_HZ;
    const share = t / MEOW_SECONDS;
    const bend = share < 0.457 ? 1 + 0.07 * Math.sin((Math.PI / 2) * (share / 0.457)) : 1.07 - 0.22 * ((share - 0.457) / 0.543) ** 1.5;
    const hz = 552 * bend * (1 + 0.01 * wander(seed + 1, 12 * t));
    phase += (2 * Math.PI * hz) / SOUND_RATE_HZ;
    const open = mouthAt(share);
    let voice = 0;
    for (let harmonic = 1; harmonic < 14 && harmonic * hz < 7500; harmonic++) {
      let gain = 0.03;
      for (const [closed, wide, strength] of FORMANTS) {
        const centre = closed + (wide - closed) * open;
        gain += strength / (1 + ((12 * (harmonic * hz - centre)) / centre) ** 2);
      }
      voice += gain * harmonic ** -0.55 * Math.sin(harmonic * phase);
    }
    const rough = 1 + 0.4 * Math.sin(2 * Math.PI * 35 * t);
    sound[i] = Math.min(1, share / 0.08, (1 - share) / 0.25) * (voice * rough + 0.087 * (breath[i] ?? 0));
  }
  return sound;
}

/** A cat that meows again and again. */
export function meowing(seconds: number, seed: number): Float32Array {
  const sound = silence(seconds);
  for (let at = 0, count = 0; at + MEOW_SECONDS < seconds; at += MEOW_EVERY_SECONDS, count++) mixInto(sound, meow(seed + 2 * count), at);
  return atPeak(inRoom(sound, 0.08, 0.4), 0.06);
}

import { noise } from '../random.ts';
import { addMode, atPeak, bandPass, inRoom, mixInto, silence, whiteNoise } from './waveform.ts';

/** A ring and the pause after it begin each so many seconds; the ring itself lasts `RING_SECONDS`. */
export const RING_EVERY_SECONDS = 1.4;
export const RING_SECONDS = 1.1;
const STROKES_HZ = 26;
const PARTIALS = [1, 2.01, 3.19, 5.5, 5.58];

/** A mechanical telephone: a clapper between two brass gongs a fifth apart. */
export function telephoneBell(seconds: number, seed: number): Float32Array {
  const sound = silence(seconds);
  const tick = bandPass(whiteNoise(0.006, seed), 4000, 0.5).map((x, i) => x * Math.exp(-i / 60));
  for (let ring = 0; ring < seconds; ring += RING_EVERY_SECONDS) {
    for (let stroke = 0; stroke < RING_SECONDS * STROKES_HZ; stroke++) {
      const at = ring + stroke / STROKES_HZ;
      if (at >= seconds) break;
      const base = stroke % 2 === 0 ? 940 : 1410;
      const force = 0.1 * (1 + 0.1 * noise(seed + 1, stroke));
      PARTIALS.forEach((partial, mode) => addMode(sound, at, base * partial, 0.073 / (1 + 0.67 * mode), force / (1 + 0.4 * mode)));
      mixInto(sound, tick, at, 0.02);
    }
  }
  return atPeak(inRoom(sound, 0.6, 0.4), 0.14);
}

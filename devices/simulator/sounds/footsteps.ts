import { uniform } from '../random.ts';
import { addMode, bandPass, inRoom, mixInto, silence, whiteNoise } from './waveform.ts';

/** Steps of hard soles on a wooden floor at the given moments (seconds): heel, then the softer sole. */
export function footsteps(seconds: number, moments: readonly number[], seed: number): Float32Array {
  const sound = silence(seconds);
  moments.forEach((at, step) => {
    const force = 0.75 + 0.5 * uniform(seed, step);
    const heel = whiteNoise(0.05, seed + step).map((x, i) => x * Math.exp(-i / 260));
    const sole = whiteNoise(0.09, seed + 1000 + step).map((x, i) => x * Math.exp(-i / 800));
    mixInto(sound, bandPass(heel, 1500, 0.6), at, 0.5 * force);
    mixInto(sound, bandPass(heel, 380, 0.8), at, 0.9 * force);
    mixInto(sound, bandPass(sole, 900, 0.5), at + 0.085, 0.16 * force);
    addMode(sound, at, 95, 0.035, 0.35 * force);
    addMode(sound, at, 170, 0.03, 0.2 * force);
  });
  return inRoom(sound, 0.3, 0.4);
}

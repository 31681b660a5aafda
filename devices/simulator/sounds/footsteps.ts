import { noise } from '../random.ts';
import { addMode, atPeak, bandPass, inRoom, mixInto, silence, SOUND_RATE_HZ, whiteNoise } from './waveform.ts';

/** White noise that swells within `attack` and dies away within `decay` seconds. */
function puff(attack: number, decay: number, seed: number): Float32Array {
  return whiteNoise(0.2, seed).map((x, i) => {
    const t = i / SOUND_RATE_HZ;
    return x * Math.exp(-t / decay) * (1 - Math.exp(-t / attack));
  });
}

/**
 * Steps of leather soles on a wooden floor at the given moments (seconds): heel, then the softer sole, and clothes that rustle with
 * the stride. Soft, as YAMNet knows steps from far; loud and dry ones it takes for a drum machine.
 */
export function footsteps(seconds: number, moments: readonly number[], stepHz: number, seed: number): Float32Array {
  const sound = silence(seconds);
  moments.forEach((moment, step) => {
    const at = moment + 0.012 * noise(seed, step);
    const force = 1 + 0.2 * noise(seed + 1, step);
    const foot = step % 2 === 0 ? 1 : 1.09;
    const heel = puff(0.0003, 0.022, seed + 10 + 2 * step);
    const sole = puff(0.01, 0.051, seed + 11 + 2 * step);
    mixInto(sound, bandPass(heel, 1035 * foot, 2.2), at, 0.21 * force);
    mixInto(sound, bandPass(heel, 120, 1.3), at, 1.16 * force);
    mixInto(sound, bandPass(sole, 640, 0.5), at + 0.04, 0.21 * force);
    addMode(sound, at, 145, 0.023, 0.01 * force);
  });
  const cloth = bandPass(whiteNoise(seconds, seed + 2), 3000, 0.4);
  cloth.forEach((x, i) => (cloth[i] = x * (0.6 + 0.4 * Math.sin((2 * Math.PI * stepHz * i) / SOUND_RATE_HZ))));
  mixInto(sound, cloth, 0, 0.0056);
  return atPeak(inRoom(sound, 0.05, 0.4), 0.055);
}

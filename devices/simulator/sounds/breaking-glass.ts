import { uniform } from '../random.ts';
import { addMode, atPeak, bandPass, inRoom, mixInto, silence, SOUND_RATE_HZ, whiteNoise } from './waveform.ts';

/** Bursts of the glass and of its larger pieces, seconds apart, each weaker. */
const CRASHES = 4;
const SHARDS = 62;

const burst = (seconds: number, decay: number, seed: number): Float32Array =>
  whiteNoise(seconds, seed).map((x, i) => x * Math.exp(-i / SOUND_RATE_HZ / decay));

/**
 * A glass that hits the floor: the crash, its large pieces that fall after it, and shards that bounce and ring for a second. Each
 * is a burst of noise and a few resonances between 2.5 and 6 kHz that die away at once.
 */
export function breakingGlass(seed: number): Float32Array {
  const sound = silence(2);
  const pick = (salt: number, index: number): number => uniform(seed + salt, index);
  const resonance = (at: number, salt: number, index: number, decay: number, gain: number): void =>
    addMode(sound, at, 2525 * (6000 / 2525) ** pick(salt, index), decay * (0.3 + 0.7 * pick(salt + 1, index)), gain);
  for (let crash = 0; crash < CRASHES; crash++) {
    const at = 0.35 * crash * (1 - 0.15 * pick(1, crash));
    const force = 0.62 ** crash;
    const noise = burst(0.12, 0.008, seed + 100 + crash);
    mixInto(sound, bandPass(noise, 7500, 0.5), at, 0.83 * force);
    mixInto(sound, bandPass(noise, 2450, 0.7), at, 0.065 * force);
    for (let mode = 0; mode < 20; mode++) resonance(at + 0.002 * pick(2, mode), 3, 20 * crash + mode, 0.04, 0.034 * force);
  }
  for (let shard = 0; shard < SHARDS; shard++) {
    const at = Math.min(0.93, -0.364 * Math.log(1 - 0.97 * pick(5, shard)));
    const size = pick(6, shard) ** 1.5 * Math.exp(-at);
    const click = burst(0.03, 0.0048 * (0.4 + pick(7, shard)), seed + 200 + shard);
    mixInto(sound, bandPass(click, 3000 * 3.3 ** pick(8, shard), 0.8), at, 1.35 * size);
    for (let mode = 0; mode < 3; mode++) resonance(at, 9, 3 * shard + mode, 0.05, 0.3 * size);
  }
  return atPeak(inRoom(sound.map(Math.tanh), 0.35, 0.4), 0.11);
}

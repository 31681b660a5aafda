import { uniform } from '../random.ts';
import { addMode, bandPass, inRoom, mixInto, silence, whiteNoise } from './waveform.ts';

/** A glass that hits the floor: a crack of noise, the bowl's resonances dying away, then shards that bounce and ring for a second. */
export function breakingGlass(seed: number): Float32Array {
  const sound = silence(2.2);
  const crack = whiteNoise(0.09, seed).map((x, i) => x * Math.exp(-i / 900));
  mixInto(sound, bandPass(crack, 5200, 0.5), 0, 1.2);
  mixInto(sound, bandPass(crack, 1400, 0.7), 0, 0.5);
  const pick = (index: number, low: number, high: number): number => low * (high / low) ** uniform(seed + 1, index);
  for (let mode = 0; mode < 36; mode++)
    addMode(sound, 0.002 * uniform(seed + 2, mode), pick(mode, 1900, 11_000), pick(mode + 100, 0.02, 0.09), 0.07);
  for (let shard = 0; shard < 70; shard++) {
    const at = 0.03 + 1.3 * uniform(seed + 3, shard) ** 2.2;
    const size = pick(shard + 200, 0.02, 0.13) * Math.exp(-at * 1.1);
    const click = whiteNoise(0.006, seed + 10 + shard).map((x, i) => x * Math.exp(-i / 60));
    mixInto(sound, bandPass(click, pick(shard + 300, 3000, 9000), 0.8), at, size * 3);
    for (let mode = 0; mode < 4; mode++)
      addMode(sound, at, pick(400 + shard * 4 + mode, 2500, 13_000), pick(800 + shard * 4 + mode, 0.01, 0.06), size);
  }
  return inRoom(
    sound.map((x) => Math.tanh(1.1 * x)),
    0.25,
    0.5,
  );
}

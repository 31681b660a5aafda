import type { Modality } from '../core/types.ts';
import { nearestCaption, type KnownCaptions } from '../space/known-captions.ts';

/**
 * Distance to the nearest caption beyond which a prompt is called unknown. In models/mini "a door creaks" is 0.03 from what its sounds
 * are called, "a leaking pipe" 0.27, "the price of gold" 0.53, "quantum physics" 0.66.
 */
const FAR = 0.5;

/** For each sense a line of words on each prompt that lies outside what the bundle was taught. */
export function* unknownPrompts(
  known: KnownCaptions | undefined,
  senses: Iterable<Modality>,
  prompts: readonly string[],
  vectors: readonly Float32Array[],
): Generator<string> {
  for (const sense of known ? senses : []) {
    for (const [i, prompt] of prompts.entries()) {
      const near = known && nearestCaption(known, sense, vectors[i] ?? new Float32Array(0));
      if (near && near.distance > FAR)
        yield `"${prompt}" lies outside what the bundle's ${sense} encoder was taught (nearest: "${near.caption}", ${near.distance.toFixed(2)} away); its scores mean little`;
    }
  }
}

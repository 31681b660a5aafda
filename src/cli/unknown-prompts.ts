import type { Modality } from '../core/types.ts';
import { FAR, nearestCaption, type KnownCaptions } from '../space/known-captions.ts';

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

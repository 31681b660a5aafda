import { z } from 'zod';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import { MODALITIES } from '../core/types.ts';

/** A sense's captions: what its encoder can say, in words, each with its text vector. */
interface SenseCaptions {
  readonly captions: readonly string[];
  /** One row after the other, unit length but for rounding. */
  readonly vectors: Int8Array;
}

/** The captions that a bundle's training covered, by sense. */
export interface KnownCaptions {
  /** Numbers of a row: the first so many of a text vector; the others are zero for text. */
  readonly width: number;
  readonly senses: ReadonlyMap<Modality, SenseCaptions>;
}

/** The caption nearest to a prompt. */
export interface NearestCaption {
  readonly caption: string;
  /** 1 - cosine, 0..2: 0 is the caption itself. */
  readonly distance: number;
}

/**
 * Distance to the nearest caption beyond which a prompt is called unknown. In models/mini "a door creaks" is 0.03 from what its sounds
 * are called, "a leaking pipe" 0.27, "the price of gold" 0.53, "quantum physics" 0.66.
 */
export const FAR = 0.5;

const schema = z.strictObject({
  edgebindCaptions: z.literal(1),
  width: z.number().int().min(1).max(65_536),
  senses: z.partialRecord(
    z.enum(MODALITIES),
    z.strictObject({ captions: z.array(z.string().min(1)).min(1).max(100_000), vectors: z.base64() }),
  ),
});

/**
 * Reads the text of a bundle's `captions` file: JSON `{edgebindCaptions: 1, width, senses: {SENSE: {captions[], vectors}}}`, vectors
 * in base64, a row of `width` int8 for each caption, `round(127 v / max|v|)`.
 *
 * @throws EdgeBindError `BAD_CAPTIONS` with the field, and what it should be
 */
export function parseKnownCaptions(text: string): KnownCaptions {
  const fail = (why: string, cause?: unknown): EdgeBindError =>
    new EdgeBindError('BAD_CAPTIONS', `the captions file: ${why}; build the bundle again`, { cause });
  let parsed: z.output<typeof schema>;
  try {
    parsed = schema.parse(JSON.parse(text));
  } catch (cause) {
    throw fail(cause instanceof z.ZodError ? z.prettifyError(cause) : messageOf(cause), cause);
  }
  const { width } = parsed;
  const senses = new Map<Modality, SenseCaptions>();
  for (const sense of MODALITIES) {
    const given = parsed.senses[sense];
    if (!given) continue;
    const vectors = new Int8Array(Buffer.from(given.vectors, 'base64'));
    const wanted = given.captions.length * width;
    if (vectors.length !== wanted)
      throw fail(`senses.${sense}.vectors holds ${vectors.length} numbers, ${given.captions.length} captions of ${width} want ${wanted}`);
    senses.set(sense, { captions: given.captions, vectors });
  }
  return { width, senses };
}

/**
 * What of all that a sense can say is nearest to a prompt. A prompt that is far from all of it lies outside what the bundle's training
 * covered: its scores mean little.
 *
 * @param prompt vector of a text, of the bundle's space
 * @returns undefined where the sense has no captions, or the prompt no length
 */
export function nearestCaption({ width, senses }: KnownCaptions, sense: Modality, prompt: Float32Array): NearestCaption | undefined {
  const known = senses.get(sense);
  const length = Math.hypot(...prompt.subarray(0, width));
  if (!known || length === 0) return undefined;
  let best: NearestCaption | undefined;
  for (const [row, caption] of known.captions.entries()) {
    let product = 0;
    let square = 0;
    for (let i = 0, at = row * width; i < width; i++, at++) {
      const value = known.vectors[at] ?? 0;
      product += value * (prompt[i] ?? 0);
      square += value * value;
    }
    const distance = 1 - product / (Math.sqrt(square) * length || 1);
    if (!best || distance < best.distance) best = { caption, distance };
  }
  return best;
}

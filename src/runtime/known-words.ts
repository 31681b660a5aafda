import { z } from 'zod';
import type { Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import { issueWords } from '../core/issue-words.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import type { Modality } from '../core/types.ts';
import type { Bundle } from '../encoders/bundle.ts';
import { readCaptions } from '../encoders/read-captions.ts';
import { FAR, nearestCaption, type KnownCaptions } from '../space/known-captions.ts';

/** What of all that a sense was taught is nearest to a prompt. */
export interface KnownWord {
  readonly modality: Modality;
  readonly nearest: string;
  /** 1 - cosine to it, 0..2. */
  readonly distance: number;
  /** So far from all of it that scores mean little. */
  readonly isFar: boolean;
}

/** The body of `POST /api/v1/known`. */
const schema = z.strictObject({
  text: z.string().trim().min(1, 'a prompt needs at least one word').max(1000, 'a prompt is at most 1,000 characters'),
  /** Absent: all. */
  modalities: z.array(modalitySchema).max(16).optional(),
});

const captionsOf = new WeakMap<Bundle, Promise<KnownCaptions | undefined>>();

/**
 * How far a prompt is from what the senses of a bundle were taught; empty where the bundle does not say what that was.
 *
 * @param body of the request, any JSON
 * @throws UsageError `BAD_PROMPT`; EdgeBindError `BAD_CAPTIONS`, and what embedding the prompt throws
 */
export async function knownWords(
  body: unknown,
  { bundle, encoders }: { readonly bundle: Bundle; readonly encoders: Encoders },
): Promise<{ readonly senses: readonly KnownWord[] }> {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new UsageError('BAD_PROMPT', `${issueWords(parsed.error)}; wanted e.g. {"text": "glass breaking"}`);
  const { text, modalities } = parsed.data;
  const reading = captionsOf.get(bundle) ?? readCaptions(bundle);
  captionsOf.set(bundle, reading);
  const known = await reading;
  if (!known) return { senses: [] };
  const vector = await encoders.embedText(text);
  const senses = [...known.senses.keys()].flatMap((modality): KnownWord | readonly [] => {
    const near = modalities && !modalities.includes(modality) ? undefined : nearestCaption(known, modality, vector);
    return near ? { modality, nearest: near.caption, distance: Math.round(near.distance * 1000) / 1000, isFar: near.distance > FAR } : [];
  });
  return { senses };
}

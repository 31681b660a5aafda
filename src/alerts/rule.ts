import { z } from 'zod';

const prompt = z.string().trim().min(1, 'a prompt needs at least one word').max(1000, 'a prompt is at most 1,000 characters');
const file = z.string().min(1);

/** What to look for: words, or an example. */
export const querySchema = z
  .strictObject({
    text: prompt.optional().describe('words, e.g. "glass breaking"'),
    image: file.optional().describe('a picture file that it should look like'),
    audio: file.optional().describe('a sound file that it should sound like'),
    vector: file.optional().describe('a .npy file with one vector of the same space'),
  })
  .refine(
    (query) => Object.values(query).filter((value) => value !== undefined).length === 1,
    'give exactly one of text, image, audio, vector',
  );

export const ruleFields = {
  query: querySchema,
  on: z.array(z.string().min(1)).min(1).default(['image', 'audio', 'thermal', 'depth', 'imu']).describe('modalities or ids of sources'),
  threshold: z.number().min(-1).max(1).describe('cosine at or above which the alert is raised'),
  clearBelow: z.number().min(-1).max(1).optional().describe('cosine below which it is cleared; default: threshold - 0.03'),
  holdMs: z.number().int().min(0).max(3_600_000).default(0).describe('how long the score must stay up before the alert is raised'),
  cooldownMs: z.number().int().min(0).max(86_400_000).default(10_000).describe('after a clear, no new raise for so long'),
};

const clearsBelowRaise = (rule: { threshold: number; clearBelow?: number | undefined }): boolean =>
  rule.clearBelow === undefined || rule.clearBelow <= rule.threshold;
const clearMessage = { message: 'clearBelow must not be above threshold: the alert would clear while it is raised', path: ['clearBelow'] };

/** An id that is safe in URLs, file names and MQTT topics. */
export const idSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'an id is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit');

/** One entry of `alerts:`. */
export const ruleSchema = z.strictObject({ id: idSchema, ...ruleFields }).refine(clearsBelowRaise, clearMessage);
/** The body of `PUT /api/v1/rules/ID`. */
export const ruleBodySchema = z.strictObject({ id: idSchema.optional(), ...ruleFields }).refine(clearsBelowRaise, clearMessage);

export type Query = z.output<typeof querySchema>;
export type Rule = z.output<typeof ruleSchema>;

/** How far below the threshold an alert clears where the rule does not say. */
const DEFAULT_HYSTERESIS = 0.03;

export const clearBelow = (rule: Rule): number => rule.clearBelow ?? rule.threshold - DEFAULT_HYSTERESIS;

/** The query in words, for people. */
export const queryWords = (query: Query): string => query.text ?? `like ${query.image ?? query.audio ?? query.vector ?? '?'}`;

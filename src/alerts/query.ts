import { z } from 'zod';

const prompt = z.string().trim().min(1, 'a prompt needs at least one word').max(1000, 'a prompt is at most 1,000 characters');
const file = z.string().min(1);
const template = z.string().max(200).regex(/\{\}/, 'a template has {} where the words go, e.g. "the sound of {}"');
const weight = z.number().positive().max(100).optional().describe('how much this part counts; default 1');

/** Ways to say what to look for, of which a query or a part of one has exactly one. */
const exampleFields = {
  text: prompt.optional().describe('words, e.g. "glass breaking"'),
  templates: z.array(template).min(1).max(32).optional().describe('with text: sentences with {} for the words, whose vectors are averaged'),
  image: file.optional().describe('a picture file that it should look like'),
  audio: file.optional().describe('a sound file that it should sound like'),
  vector: z
    .string('the path of a .npy file with one vector of this space is wanted')
    .min(1)
    .optional()
    .describe('a .npy file with one vector of the same space'),
  event: z.string().min(1).max(300).optional().describe('id of a past alert: what was there when it was raised'),
  moment: z
    .strictObject({ source: z.string().min(1), timeUs: z.number().int().min(0) })
    .optional()
    .describe('a past moment: what this source gave then, as long as it is remembered (state.memory)'),
};

const EXAMPLES = ['text', 'image', 'audio', 'vector', 'event', 'moment'] as const;

const hasOneExample = (part: object): boolean => EXAMPLES.filter((name) => Reflect.get(part, name) !== undefined).length === 1;
const templatesFit = (part: { templates?: unknown; text?: unknown }): boolean => part.templates === undefined || part.text !== undefined;
const TEMPLATES_MESSAGE = 'templates need text: the words that take the place of {}';

const partSchema = z
  .strictObject({ ...exampleFields, weight })
  .refine(hasOneExample, `give exactly one of ${EXAMPLES.join(', ')} in each part`)
  .refine(templatesFit, TEMPLATES_MESSAGE);

const not = z.union([
  prompt,
  partSchema,
  z
    .array(z.union([prompt, partSchema]))
    .min(1)
    .max(16),
]);

/** What to look for: words, an example, sums and differences of them; or what is out of the ordinary. */
export const querySchema = z
  .strictObject({
    ...exampleFields,
    all: z.array(partSchema).min(1).max(16).optional().describe('the sum of several, e.g. a picture of a beach and the sound of waves'),
    not: not.optional().describe('what it should not be like, e.g. "people talking"; counts half unless it has a weight'),
    novelty: z.literal(true).optional().describe('whatever this source has not looked or sounded like before'),
    disagreement: z
      .tuple([z.string().min(1), z.string().min(1)])
      .optional()
      .describe('two sources that normally agree and no longer do'),
  })
  .refine(
    (query) =>
      [hasOneExample(query), query.all !== undefined, query.novelty === true, query.disagreement !== undefined].filter(Boolean).length ===
      1,
    'give exactly one of text, image, audio, vector, event, moment, all, novelty, disagreement',
  )
  .refine(templatesFit, TEMPLATES_MESSAGE)
  .refine((query) => query.not === undefined || (query.novelty === undefined && query.disagreement === undefined), {
    message: 'novelty and disagreement compare with the past, not with words: take "not" out',
    path: ['not'],
  })
  .refine(({ disagreement: pair }) => pair === undefined || pair[0] !== pair[1], {
    message: 'two different sources are needed',
    path: ['disagreement'],
  });

export type Query = z.output<typeof querySchema>;
export type QueryPart = z.output<typeof partSchema>;

/** A share of a query's sum; negative for what it should not be like. */
export interface WeightedPart {
  readonly part: QueryPart;
  readonly weight: number;
}

/** What counts as "not" pulls half as hard: at full weight the rest would be turned away from what it means. */
const NOT_WEIGHT = 0.5;

/** The sum that a query stands for; empty for novelty and disagreement. */
export function partsOf({ all, not: unwanted, novelty, disagreement, ...example }: Query): readonly WeightedPart[] {
  if (novelty || disagreement) return [];
  const wanted: readonly QueryPart[] = all ?? [example];
  const listed = unwanted === undefined ? [] : Array.isArray(unwanted) ? unwanted : [unwanted];
  return [
    ...wanted.map((part) => ({ part, weight: part.weight ?? 1 })),
    ...listed.map((one) => {
      const part: QueryPart = typeof one === 'string' ? { text: one } : one;
      return { part, weight: -(part.weight ?? NOT_WEIGHT) };
    }),
  ];
}

/** The query in words, for people. */
export function queryWords(query: Query): string {
  if (query.novelty) return 'something new';
  if (query.disagreement) return `${query.disagreement.join(' and ')} disagree`;
  const words = (sign: number): string =>
    partsOf(query)
      .filter(({ weight: share }) => share * sign > 0)
      .map(({ part }) => partWords(part))
      .join(' and ');
  const unwanted = words(-1);
  return unwanted === '' ? words(1) : `${words(1)}, not ${unwanted}`;
}

function partWords({ text, image, audio, vector, event, moment }: QueryPart): string {
  return (
    text ??
    `like ${image ?? audio ?? vector ?? event ?? (moment ? `${moment.source} at ${new Date(moment.timeUs / 1000).toISOString()}` : '?')}`
  );
}

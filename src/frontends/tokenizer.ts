import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import { messageOf, UsageError } from '../core/errors.ts';

/** The part of the library that is used here: its own type files name modules that Node's resolution does not find. */
const Library = HuggingFaceTokenizer as unknown as new (
  json: object,
  config: object,
) => { encode(text: string, options?: { add_special_tokens: boolean }): { ids: (number | undefined)[] } };

/** Words -> ids of a model's vocabulary. */
export interface Tokenizer {
  /** The most ids that `encode` gives; absent: there is no limit. */
  readonly maxLength?: number | undefined;
  /** The id that fills up what is shorter, where a graph wants `maxLength` ids. */
  readonly padId: number;
  /** Ids with the special tokens; what is too long is cut before the special tokens at its end. */
  encode(text: string): number[];
}

/** What counts here of a `tokenizer.json`. */
const fileSchema = z.looseObject({
  model: z.looseObject({}),
  normalizer: z.unknown().optional(),
  truncation: z.looseObject({ max_length: z.number().int().positive() }).nullish(),
  padding: z.looseObject({ pad_id: z.number().int().min(0) }).nullish(),
});

/**
 * The tokenizer that a `tokenizer.json` describes (WordPiece, BPE, SentencePiece).
 *
 * @param json the parsed file
 * @param name what errors call it
 * @param maxLength absent: what the file's own truncation says
 * @throws UsageError `TOKENIZER_UNKNOWN`
 */
export function tokenizerFromJson(json: unknown, name: string, maxLength?: number): Tokenizer {
  const file = fileSchema.safeParse(json);
  if (!file.success) {
    const { path, message } = file.error.issues[0] ?? { path: [], message: '' };
    throw new UsageError('TOKENIZER_UNKNOWN', `${name} is no tokenizer.json: ${path.join('.') || 'the file'}: ${message}`);
  }
  const { truncation, padding } = file.data;
  const limit = maxLength ?? truncation?.max_length;
  const encode = encoder(file.data, name);
  const closing = closingIds(encode);
  return {
    maxLength: limit,
    padId: padding?.pad_id ?? 0,
    encode: (text) => {
      const ids = encode(text, true);
      if (limit === undefined || ids.length <= limit) return ids;
      return [...ids.slice(0, Math.max(0, limit - closing)), ...ids.slice(ids.length - Math.min(closing, limit))];
    },
  };
}

type Encode = (text: string, special: boolean) => number[];

function encoder(file: { readonly normalizer?: unknown }, name: string): Encode {
  const { normalizer = null } = file;
  try {
    const library = new Library(file, {});
    // The original makes lower case letter by letter: a sigma at the end of a word is like any other.
    const isLowered = /"type":"Lowercase"|"lowercase":true/.test(JSON.stringify(normalizer));
    return (text, special) =>
      library
        .encode(isLowered ? text.replaceAll('Σ', 'σ') : text, { add_special_tokens: special })
        // What has no id where the vocabulary has none for the unknown either.
        .ids.filter((id) => id !== undefined);
  } catch (cause) {
    throw new UsageError('TOKENIZER_UNKNOWN', `${name}: this kind of tokenizer.json is not known (${messageOf(cause)})`, { cause });
  }
}

/** How many special ids stand behind a text. */
function closingIds(encode: Encode): number {
  const sample = 'a A 0 .';
  const all = encode(sample, true);
  const plain = encode(sample, false);
  const start = all.findIndex((_, i) => plain.every((id, k) => all[i + k] === id));
  return Math.max(0, all.length - Math.max(0, start) - plain.length);
}

import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import { UsageError } from '../core/errors.ts';

/** The part of the library that is used here: its own type files name modules that Node's resolution does not find. */
const Library = HuggingFaceTokenizer as unknown as new (json: object, config: object) => { encode(text: string): { ids: number[] } };

/** Words -> ids of a model's vocabulary. */
export interface Tokenizer {
  /** Ids with the special tokens, at most `maxLength` of them; what is too long is cut and keeps its last token. */
  encode(text: string): number[];
}

/**
 * The tokenizer that a `tokenizer.json` describes (WordPiece, BPE, SentencePiece).
 *
 * @param json the parsed file
 * @param name what errors call it
 * @throws UsageError `TOKENIZER_UNKNOWN`
 */
export function tokenizerFromJson(json: unknown, name: string, maxLength: number): Tokenizer {
  if (typeof json !== 'object' || json === null || !('model' in json))
    throw new UsageError('TOKENIZER_UNKNOWN', `${name} is no tokenizer.json: it has no "model"`);
  // Truncation and padding of the file are training habits: the graph takes what there is.
  const tokenizer = new Library({ ...json, truncation: null, padding: null }, {});
  return {
    encode: (text) => {
      const { ids } = tokenizer.encode(text);
      return ids.length <= maxLength ? ids : [...ids.slice(0, maxLength - 1), ids.at(-1) ?? 0];
    },
  };
}

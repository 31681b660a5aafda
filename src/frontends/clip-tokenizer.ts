import { UsageError } from '../core/errors.ts';
import { unescapeHtml } from './html-entities.ts';
import { plainText } from './plain-text.ts';
import type { Tokenizer } from './tokenizer.ts';

/** Merges of `bpe_simple_vocab_16e6.txt` that CLIP's 49,408 ids leave room for; the file holds more. */
const MAX_MERGES = 49_152 - 256 - 2;
/** CLIP's context. */
const DEFAULT_MAX_LENGTH = 77;
const END_OF_WORD = '</w>';
/** In lower case already. The long s is an s in whatever case; Python's `regex` finds U+0345, in whatever case a letter, in no class. */
const WORDS = /<\|startoftext\|>|<\|endoftext\|>|'[s\u017f]|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}\u0345]+/gu;

/**
 * The tokenizer of CLIP and ImageBind (openai/CLIP, `simple_tokenizer`): byte-level pairs of letters with an end-of-word mark. Ids are
 * `[start, ..., end]`; what is too long is cut and keeps its end. Text is made plain first (`plainText`), HTML references resolved
 * twice, white space made single blanks, and all of it put in lower case.
 *
 * @param merges the text of `bpe_simple_vocab_16e6.txt`: a title, then one pair a line, the most frequent first
 * @param name what errors call it
 * @throws UsageError `TOKENIZER_UNKNOWN`
 */
export function clipTokenizer(merges: string, name: string, maxLength: number = DEFAULT_MAX_LENGTH): Tokenizer {
  const pairs = merges
    .split('\n')
    .slice(1, MAX_MERGES + 1)
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
  const odd = pairs.findIndex((pair) => pair.length !== 2 || pair.includes(''));
  if (odd >= 0 || pairs.length === 0) {
    const line = odd >= 0 ? `line ${odd + 2} is no pair` : 'it has no pair';
    throw new UsageError('TOKENIZER_UNKNOWN', `${name} is neither a tokenizer.json nor a list of CLIP's pairs: ${line}`);
  }
  const alphabet = byteAlphabet();
  const vocabulary = [
    ...alphabet.symbols,
    ...alphabet.symbols.map((symbol) => symbol + END_OF_WORD),
    ...pairs.map((pair) => pair.join('')),
  ];
  const ids = new Map(vocabulary.map((symbol, id) => [symbol, id]));
  const start = vocabulary.length;
  const end = start + 1;
  const ranks = new Map(pairs.map((pair, rank) => [pair.join(' '), rank]));
  const specials = new Map([
    ['<|startoftext|>', start],
    ['<|endoftext|>', end],
  ]);
  const utf8 = new TextEncoder();

  const idsOf = (word: string): readonly number[] => {
    const special = specials.get(word);
    if (special !== undefined) return [special];
    const symbols = Array.from(utf8.encode(word), (byte) => alphabet.of(byte));
    symbols.push((symbols.pop() ?? '') + END_OF_WORD);
    return merged(symbols, ranks).map((symbol) => ids.get(symbol) ?? end);
  };
  return {
    maxLength,
    padId: 0,
    encode: (text) => {
      const words = cleaned(text).match(WORDS) ?? [];
      const all = [start];
      for (const word of words) {
        if (all.length >= maxLength) break;
        for (const id of idsOf(word)) all.push(id);
      }
      return [...all.slice(0, maxLength - 1), end];
    },
  };
}

const cleaned = (text: string): string =>
  unescapeHtml(unescapeHtml(plainText(text)))
    .replace(/\p{White_Space}+/gu, ' ')
    .replace(/^ | $/g, '')
    .toLowerCase();

/** Joins, again and again, all neighbours of the best-ranked pair. */
function merged(symbols: string[], ranks: ReadonlyMap<string, number>): string[] {
  for (;;) {
    let best = Infinity;
    for (let i = 0; i + 1 < symbols.length; i++) best = Math.min(best, ranks.get(`${symbols[i]} ${symbols[i + 1]}`) ?? Infinity);
    if (best === Infinity) return symbols;
    const joined: string[] = [];
    for (let i = 0; i < symbols.length; i++) {
      const [left = '', right] = [symbols[i], symbols[i + 1]];
      const isBest = right !== undefined && ranks.get(`${left} ${right}`) === best;
      joined.push(isBest ? left + right : left);
      if (isBest) i++;
    }
    symbols = joined;
  }
}

/** A printable character for each byte, in the order of the ids: the printable bytes of Latin-1 first, then the others from U+0100 on. */
function byteAlphabet(): { readonly symbols: readonly string[]; readonly of: (byte: number) => string } {
  const isPrintable = (byte: number): boolean => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  const printable = bytes.filter(isPrintable);
  const others = bytes.filter((byte) => !isPrintable(byte));
  const symbols = [...printable, ...others.map((_, i) => 0x100 + i)].map((code) => String.fromCharCode(code));
  const byByte = new Map([...printable, ...others].map((byte, i) => [byte, symbols[i] ?? '']));
  return { symbols, of: (byte) => byByte.get(byte) ?? '' };
}

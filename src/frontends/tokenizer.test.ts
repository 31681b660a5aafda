import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../core/errors.ts';
import { clipTokenizer } from './clip-tokenizer.ts';
import { tokenizerFromJson } from './tokenizer.ts';

interface Golden {
  readonly texts: string[];
  readonly clip: { readonly merges: string; readonly ids: number[][] };
  readonly mini: number[][];
  readonly files: Readonly<Record<string, { readonly file: object; readonly ids: number[][] }>>;
}

const parsed = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const { texts, clip, mini, files } = parsed('fixtures/tokens.json') as Golden;
const miniFile = parsed('../../models/mini/tokenizer.json') as object;
const short = (text: string): string => JSON.stringify(text.slice(0, 30));
const rows = (ids: readonly number[][]) => texts.map((text, i) => ({ name: short(text), text, ids: ids[i] ?? [] }));

describe("CLIP's tokenizer", () => {
  const tokenizer = clipTokenizer(clip.merges, 'pairs.txt');
  const start = 512 + clip.merges.split('\n').length - 1;
  const end = start + 1;

  it.each(rows(clip.ids))('gives the ids of the original for $name', ({ text, ids }) => {
    expect(tokenizer.encode(text)).toEqual(ids);
  });

  it('gives no more than 77 ids, the end kept last', () => {
    const ids = tokenizer.encode('cat '.repeat(1000));
    expect(ids).toHaveLength(77);
    expect(ids.at(-1)).toBe(end);
    expect(clipTokenizer(clip.merges, 'pairs.txt', 3).encode('a dog barks')).toEqual([
      start,
      ids.length > 0 ? tokenizer.encode('a')[1] : 0,
      end,
    ]);
  });

  it('takes its special tokens, spelled out, for themselves', () => {
    expect(tokenizer.encode('<|startoftext|><|endoftext|>')).toEqual([start, start, end, end]);
  });

  it('takes no more pairs than 49,408 ids leave room for', () => {
    const many = Array.from({ length: 60_000 }, (_, i) => `x${i} y`);
    expect(clipTokenizer(`title\n${many.join('\n')}\n`, 'pairs.txt').encode('')).toEqual([49_406, 49_407]);
  });

  it.each([
    ['nothing', ''],
    ['a title only', '"pairs" #version: 0.2\n'],
    ['a line of three', 'title\na b\na b c\n'],
    ['prose', 'Lorem ipsum\ndolor\n'],
  ])('refuses %s', (_, content) => {
    expect(() => clipTokenizer(content, 'pairs.txt')).toThrow(UsageError);
    expect(() => clipTokenizer(content, 'pairs.txt')).toThrow('pairs.txt is neither a tokenizer.json nor a list of CLIP');
  });
});

describe.each(Object.entries(files))('a tokenizer.json: %s', (name, { file, ids }) => {
  it.each(rows(ids))('gives the ids of the original for $name', ({ text, ids: wanted }) => {
    expect(tokenizerFromJson(file, name).encode(text)).toEqual(wanted);
  });
});

describe('a tokenizer.json', () => {
  it.each(rows(mini))('of models/mini gives the ids of the original for $name', ({ text, ids }) => {
    expect(tokenizerFromJson(miniFile, 'mini').encode(text)).toEqual(ids);
  });

  it('is cut at the length that is asked for, before that of the file', () => {
    const tokenizer = tokenizerFromJson(miniFile, 'mini', 5);
    const ids = tokenizer.encode('the sound of rain on a tin roof');
    expect([ids.length, ids[0], ids.at(-1), tokenizer.maxLength]).toEqual([5, 101, 102, 5]);
    expect(tokenizerFromJson(miniFile, 'mini').maxLength).toBe(128);
  });

  it.each([
    ['null', null, 'm is no tokenizer.json: the file'],
    ['without a model', {}, 'm is no tokenizer.json: model'],
    ['of an unknown model', { model: { type: 'Nonesuch', vocab: {} } }, 'm: this kind of tokenizer.json is not known'],
    ['with a senseless length', { model: {}, truncation: { max_length: -1 } }, 'm is no tokenizer.json: truncation.max_length'],
  ])('is refused: %s', (_, file, message) => {
    expect(() => tokenizerFromJson(file, 'm')).toThrow(UsageError);
    expect(() => tokenizerFromJson(file, 'm')).toThrow(message);
  });
});

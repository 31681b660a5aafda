import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { messageOf, UsageError } from '../core/errors.ts';
import { clipTokenizer } from '../frontends/clip-tokenizer.ts';
import { tokenizerFromJson, type Tokenizer } from '../frontends/tokenizer.ts';
import { insideFolder } from './inside-folder.ts';
import { parseManifest } from './manifest.ts';

/** The largest vocabularies (250,000 pieces) take some 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
const WANTED = "wanted: a tokenizer.json, CLIP's bpe_simple_vocab_16e6.txt.gz, or a bundle folder";

const unpacked = promisify<Uint8Array, { maxOutputLength: number }, Buffer>(gunzip);

/**
 * Opens a tokenizer: a `tokenizer.json`, or CLIP's list of pairs, packed by gzip or not.
 *
 * @param maxLength absent: the file's own (77 for CLIP), or no limit
 * @throws UsageError `TOKENIZER_MISSING`, `TOKENIZER_UNKNOWN`
 */
export async function loadTokenizer(path: string, maxLength?: number): Promise<Tokenizer> {
  const text = await readText(path, WANTED);
  if (!text.trimStart().startsWith('{')) return clipTokenizer(text, path, maxLength);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError('TOKENIZER_UNKNOWN', `${path} begins like a tokenizer.json, but is no JSON: ${messageOf(cause)}`, { cause });
  }
  return tokenizerFromJson(json, path, maxLength);
}

/**
 * Opens the tokenizer of a bundle, with the length of its text front end.
 *
 * @throws UsageError `TOKENIZER_MISSING`, `TOKENIZER_UNKNOWN`, and what is wrong with the manifest
 */
export async function loadBundleTokenizer(dir: string): Promise<Tokenizer> {
  const file = join(dir, 'manifest.yaml');
  const { modalities } = parseManifest(await readText(file, 'a bundle folder has a manifest.yaml'), file);
  const frontEnd = modalities.text?.frontEnd;
  if (frontEnd?.kind !== 'text') throw new UsageError('TOKENIZER_MISSING', `the bundle ${dir} has no text encoder, so no tokenizer`);
  return loadTokenizer(await insideFolder(dir, frontEnd.tokenizer, `${file} modalities.text.frontEnd.tokenizer`), frontEnd.maxLength);
}

async function readText(path: string, wanted: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new RangeError(`${size} bytes; at most ${MAX_BYTES}`);
    const bytes = await readFile(path);
    const isPacked = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return (isPacked ? await unpacked(bytes, { maxOutputLength: MAX_BYTES }) : bytes).toString('utf8');
  } catch (cause) {
    throw new UsageError('TOKENIZER_MISSING', `cannot read ${path}: ${messageOf(cause)}; ${wanted}`, { cause });
  }
}

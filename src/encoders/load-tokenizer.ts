import { readFile, stat } from 'node:fs/promises';
import { messageOf, UsageError } from '../core/errors.ts';
import { tokenizerFromJson, type Tokenizer } from '../frontends/tokenizer.ts';

/** The largest vocabularies (250,000 pieces) take some 20 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_LENGTH = 512;

/**
 * Opens a tokenizer file.
 *
 * @throws UsageError `TOKENIZER_MISSING`, `TOKENIZER_UNKNOWN`
 */
export async function loadTokenizer(path: string, maxLength: number = DEFAULT_MAX_LENGTH): Promise<Tokenizer> {
  let json: unknown;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new RangeError(`${size} bytes; at most ${MAX_BYTES}`);
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new UsageError('TOKENIZER_MISSING', `${path}: the tokenizer cannot be read (${messageOf(cause)}); wanted a tokenizer.json`, {
      cause,
    });
  }
  return tokenizerFromJson(json, path, maxLength);
}

import { stat } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { loadBundleTokenizer, loadTokenizer } from '../encoders/load-tokenizer.ts';
import { textLines } from './text-lines.ts';
import { writeText } from './write-text.ts';

interface TokenizeOptions {
  readonly tokenizer: string;
  readonly pad?: true;
}

interface TokenizeStreams {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly stdout: Writable;
}

const HELP = `
The ids are those that the encoder gets, special ones included, and no padding: [49406, ..., 49407] for CLIP, at most 77,
the end kept last. Text that was decoded by the wrong table ("cafÃ©") is taken as it is; ftfy, which CLIP's Python calls,
repairs it. A tokenizer.json cuts where its own truncation says, a bundle where its manifest does.

Examples:
  edgebind tokenize --tokenizer bpe_simple_vocab_16e6.txt.gz -- "a photo of a cat" "glass breaking"
  edgebind tokenize --tokenizer models/mini < prompts.txt | jq -c .ids`;

/** Adds `edgebind tokenize`. */
export function registerTokenize(program: Command): void {
  program
    .command('tokenize')
    .description('texts to JSON lines {text, ids}')
    .argument('[text...]', 'the texts; absent: the lines of standard input')
    .requiredOption('--tokenizer <file>', "CLIP's bpe_simple_vocab_16e6.txt.gz, a tokenizer.json, or a bundle folder")
    .option('--pad', 'fill up to the full length, as clip.tokenize does')
    .addHelpText('after', HELP)
    .action((texts: string[], options: TokenizeOptions) => tokenize(texts, options, process));
}

/**
 * Prints a line for each text, in constant memory. A closed stdout ends it quietly.
 *
 * @throws UsageError for an unknown tokenizer, EdgeBindError where the input cannot be read
 */
export async function tokenize(
  texts: readonly string[],
  { tokenizer: path, pad }: TokenizeOptions,
  { stdin, stdout }: TokenizeStreams,
): Promise<void> {
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  const tokenizer = await (isFolder ? loadBundleTokenizer(path) : loadTokenizer(path));
  const { maxLength, padId } = tokenizer;
  if (pad && maxLength === undefined) {
    throw new UsageError('NO_LENGTH', `--pad: ${path} does not say how long its model's input is; use the bundle folder of the model`);
  }
  const length = pad ? (maxLength ?? 0) : 0;
  const line = (text: string): string => {
    const ids = tokenizer.encode(text);
    while (ids.length < length) ids.push(padId);
    return `${JSON.stringify({ text, ids })}\n`;
  };
  await writeText(stdout, mapped(texts.length > 0 ? texts : textLines(stdin, 'standard input'), line));
}

async function* mapped(texts: Iterable<string> | AsyncIterable<string>, line: (text: string) => string): AsyncGenerator<string> {
  for await (const text of texts) yield line(text);
}

import { writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { MODALITIES, type EncoderModality, type Modality } from '../core/types.ts';
import { writeNpy } from '../frontends/npy.ts';
import { embedFile } from '../runtime/embed-file.ts';
import { fileInputs, perFile, type FileInput } from './per-file.ts';
import { withEncoders } from './with-encoders.ts';
import { writeText } from './write-text.ts';

interface EmbedOptions {
  readonly modality?: Modality;
  readonly model: string;
  readonly text: readonly string[];
  readonly npy?: string;
}

interface EmbedStreams {
  readonly stdout: Writable;
  readonly stderr: NodeJS.WritableStream;
}

/** One line of the output. A picture and a text have no time: null. */
interface EmbeddedLine {
  readonly file: string | null;
  readonly text?: string;
  readonly modality: EncoderModality;
  readonly space: string;
  readonly startUs: number | null;
  readonly endUs: number | null;
  /** Absent: 1. */
  readonly confidence?: number;
  readonly vector: Float32Array;
}

const HELP = `
A picture gives one line; sound and motion one for each window of the bundle, with times from the beginning of the file (motion: of
its rows). Where an encoder says how sure it is, the line has its confidence, 0 to 1: the score of a text is the cosine times that.
FILE is as for edgebind preprocess. A file that cannot be read is named on stderr, the others go on, the exit code is 1.

Examples:
  edgebind embed --modality image cat.jpg dog.jpg
  edgebind embed --modality audio bark.wav --npy bark.npy
  edgebind embed --text "glass breaking" | jq .vector`;

/** Adds `edgebind embed`. */
export function registerEmbed(program: Command): void {
  program
    .command('embed')
    .description('files and texts to unit vectors, as JSON lines {file, modality, space, startUs, endUs, vector} or .npy')
    .argument('[file...]', 'pictures, sounds, motion')
    .addOption(new Option('--modality <name>', 'what the files hold; default: what their names say').choices(MODALITIES))
    .option('--model <dir>', 'the bundle', 'models/mini')
    .option('--text <words>', 'embed words; may be given again', (words: string, before: string[]) => [...before, words], [])
    .option('--npy <out>', 'the vectors as one float32 array, a row a line, instead of JSON lines')
    .addHelpText('after', HELP)
    .action(async (files: string[], options: EmbedOptions) => {
      if (!(await embed(files, options, process))) process.exitCode = 1;
    });
}

/**
 * Prints the vectors of texts, then of files, in the order given.
 *
 * @returns false where a file could not be embedded
 * @throws UsageError for nothing to do, an unknown modality, or a bundle that cannot be used
 */
export async function embed(files: readonly string[], options: EmbedOptions, { stdout, stderr }: EmbedStreams): Promise<boolean> {
  const { model, text: texts, npy } = options;
  if (files.length + texts.length === 0) throw new UsageError('NOTHING_TO_DO', 'nothing to embed: name files, or --text "some words"');
  const blank = texts.find((text) => text.trim() === '');
  if (blank !== undefined) throw new UsageError('EMPTY_TEXT', `--text ${JSON.stringify(blank)}: a text needs at least one word`);
  const inputs = fileInputs(files, options.modality);
  const needed = new Set<EncoderModality>([...inputs.map(({ modality }) => modality), ...(texts.length > 0 ? ['text' as const] : [])]);
  let isWhole = true;
  await withEncoders(model, [...needed], async (encoders, bundle) => {
    const space = encoders.space.id;
    async function* ofFile({ file, modality }: FileInput, onSkipped: (line: string) => void): AsyncGenerator<EmbeddedLine> {
      for await (const { startUs = null, endUs = null, ...encoded } of embedFile(modality, file, { bundle, encoders, onSkipped })) {
        yield { file, modality, space, startUs, endUs, ...encoded };
      }
    }
    async function* lines(): AsyncGenerator<EmbeddedLine> {
      for (const text of texts) {
        yield { file: null, text, modality: 'text', space, startUs: null, endUs: null, vector: await encoders.embedText(text) };
      }
      yield* perFile(inputs, stderr, ofFile, () => (isWhole = false));
    }
    if (npy === undefined) await writeText(stdout, asJson(lines()));
    else await writeVectors(npy, lines(), encoders.space.dim, stdout);
  });
  return isWhole;
}

async function* asJson(lines: AsyncIterable<EmbeddedLine>): AsyncGenerator<string> {
  for await (const { vector, ...line } of lines) yield `${JSON.stringify({ ...line, vector: [...vector] })}\n`;
}

/** All vectors as one array of rows x dim, and a line that says so. */
async function writeVectors(path: string, lines: AsyncIterable<EmbeddedLine>, dim: number, stdout: Writable): Promise<void> {
  const rows: Float32Array[] = [];
  for await (const { vector } of lines) rows.push(vector);
  const data = new Float32Array(rows.length * dim);
  for (const [i, row] of rows.entries()) data.set(row, i * dim);
  const shape = [rows.length, dim];
  await writeFile(path, writeNpy({ shape, data })).catch((cause: unknown) => {
    throw new EdgeBindError('OUTPUT_UNWRITABLE', `cannot write ${path}: ${messageOf(cause)}`, { cause });
  });
  stdout.write(`${JSON.stringify({ npy: path, shape, dtype: 'float32' })}\n`);
}

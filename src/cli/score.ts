import type { Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import type { Encoded, Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import { MODALITIES, type Modality } from '../core/types.ts';
import { readCaptions } from '../encoders/read-captions.ts';
import { embedFile, type FileEmbedding } from '../runtime/embed-file.ts';
import { dot, pooled } from '../space/vector.ts';
import { fileInputs, perFile, type FileInput } from './per-file.ts';
import { unknownPrompts } from './unknown-prompts.ts';
import { withEncoders } from './with-encoders.ts';
import { writeText } from './write-text.ts';

interface ScoreOptions {
  readonly text: string;
  readonly modality?: Modality;
  readonly model: string;
  readonly json?: true;
}

interface ScoreStreams {
  readonly stdout: Writable;
  readonly stderr: NodeJS.WritableStream;
}

/** What one prompt makes of one file. */
interface PromptScore {
  readonly text: string;
  /** On the file as a whole: the mean of its windows by how sure they are. */
  readonly score: number;
  /** Highest score of a single window, and when that window begins; null: a picture has no time. */
  readonly peak: number;
  readonly peakStartUs: number | null;
}

interface FileScores {
  readonly file: string;
  readonly modality: Modality;
  readonly space: string;
  readonly windows: number;
  /** In the order of the prompts. */
  readonly scores: readonly PromptScore[];
}

const MAX_PROMPTS = 1000;

const HELP = `
Each number is the cosine of the prompt with the whole file (sound and motion: the mean of its windows), times how sure the encoder is
where it says so; * marks the best prompt.
--json also gives the highest window and its time, which is what a live alert would see. Scores of different senses lie in
different ranges: compare along a row.

Examples:
  edgebind score --text "a dog barking; glass breaking; rain" *.ogg
  edgebind score --text "a cat;a dog" --modality image photos/* --json | jq .`;

/** Adds `edgebind score`. */
export function registerScore(program: Command): void {
  program
    .command('score')
    .description('zero-shot scores of files against prompts')
    .argument('<file...>', 'pictures, sounds, motion')
    .requiredOption('--text <prompts>', 'the prompts, with semicolons between them')
    .addOption(new Option('--modality <name>', 'what the files hold; default: what their names say').choices(MODALITIES))
    .option('--model <dir>', 'the bundle', 'models/mini')
    .option('--json', 'a JSON line for each file')
    .addHelpText('after', HELP)
    .action(async (files: string[], options: ScoreOptions) => {
      if (!(await score(files, options, process))) process.exitCode = 1;
    });
}

/**
 * Scores files against prompts, a line each.
 *
 * @returns false where a file could not be scored
 * @throws UsageError for no prompts, an unknown modality, or a bundle that cannot be used
 */
export async function score(files: readonly string[], options: ScoreOptions, { stdout, stderr }: ScoreStreams): Promise<boolean> {
  const prompts = promptsOf(options.text);
  const inputs = fileInputs(files, options.modality);
  const needed = [...new Set(inputs.map(({ modality }) => modality)), 'text' as const];
  let isWhole = true;
  await withEncoders(options.model, needed, async (encoders, bundle) => {
    const vectors = await embedPrompts(prompts, encoders);
    const senses = new Set(inputs.map(({ modality }) => modality));
    for (const line of unknownPrompts(await readCaptions(bundle), senses, prompts, vectors)) stderr.write(`edgebind: ${line}\n`);
    async function* ofFile({ file, modality }: FileInput, onSkipped: (line: string) => void): AsyncGenerator<FileScores> {
      const windows: FileEmbedding[] = [];
      for await (const window of embedFile(modality, file, { bundle, encoders, onSkipped })) windows.push(window);
      const scores = prompts.map((text, n) => promptScore(text, vectors[n] ?? new Float32Array(0), windows));
      yield { file, modality, space: encoders.space.id, windows: windows.length, scores };
    }
    const rows = perFile(inputs, stderr, ofFile, () => (isWhole = false));
    await writeText(stdout, options.json ? asJson(rows) : asTable(rows, files, prompts));
  });
  return isWhole;
}

function promptsOf(text: string): string[] {
  const prompts = text
    .split(';')
    .map((prompt) => prompt.trim())
    .filter((prompt) => prompt !== '');
  if (prompts.length > 0 && prompts.length <= MAX_PROMPTS) return prompts;
  throw new UsageError('BAD_PROMPTS', `--text holds ${prompts.length} prompts; wanted 1 to ${MAX_PROMPTS}, e.g. --text "a cat;a dog"`);
}

async function embedPrompts(prompts: readonly string[], encoders: Encoders): Promise<Float32Array[]> {
  const vectors: Float32Array[] = [];
  for (const prompt of prompts) vectors.push(await encoders.embedText(prompt));
  return vectors;
}

function promptScore(text: string, prompt: Float32Array, windows: readonly FileEmbedding[]): PromptScore {
  const scoreOf = ({ vector, confidence = 1 }: Encoded): number => dot(prompt, vector) * confidence;
  let [peak, peakStartUs]: [number, number | null] = [Number.NEGATIVE_INFINITY, null];
  for (const window of windows) {
    const score = scoreOf(window);
    if (score > peak) [peak, peakStartUs] = [score, window.startUs ?? null];
  }
  return { text, score: scoreOf(pooled(windows)), peak, peakStartUs };
}

async function* asJson(rows: AsyncIterable<FileScores>): AsyncGenerator<string> {
  for await (const row of rows) yield `${JSON.stringify(row)}\n`;
}

/** The heading, then a line for each file, with * at its best prompt. */
async function* asTable(rows: AsyncIterable<FileScores>, files: readonly string[], prompts: readonly string[]): AsyncGenerator<string> {
  const nameWidth = Math.min(48, Math.max(4, ...files.map((file) => file.length)));
  const widths = prompts.map((prompt) => Math.max(8, Math.min(24, prompt.length) + 1));
  const line = (name: string, cells: readonly string[]): string =>
    `${end(name, nameWidth).padEnd(nameWidth)} ${cells.map((text, i) => beginning(text, 24).padStart(widths[i] ?? 0)).join(' ')}\n`;
  yield line('file', prompts);
  for await (const { file, scores } of rows) {
    const best = Math.max(...scores.map(({ score }) => score));
    yield line(
      file,
      scores.map(({ score }) => `${score === best ? '*' : ''}${score.toFixed(3)}`),
    );
  }
}

const end = (text: string, width: number): string => (text.length <= width ? text : `…${text.slice(1 - width)}`);
const beginning = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { Option, type Command } from 'commander';
import { EdgeBindError, messageOf, PayloadError, UsageError } from '../core/errors.ts';
import { MODALITIES, type KnownModality } from '../core/types.ts';
import { parseManifest } from '../encoders/manifest.ts';
import { writeNpy } from '../frontends/npy.ts';
import { parseFrontEnd, type FrontEnd } from '../frontends/recipe.ts';
import { tensorOf } from '../frontends/signal-tensor.ts';
import { readSignal } from '../inputs/signal-files/read-signal.ts';

interface PreprocessOptions {
  readonly modality: KnownModality;
  readonly model?: string;
  readonly frontend?: string;
  readonly npy: string;
}

interface PreprocessStreams {
  readonly stdout: Writable;
  readonly stderr: Writable;
}

/** Front ends that make an input for a modality. */
const KINDS: Readonly<Record<KnownModality, readonly string[]>> = {
  image: ['image', 'features'],
  audio: ['log-mel', 'waveform'],
  thermal: ['thermal'],
  depth: ['depth'],
  imu: ['imu'],
};

const HELP = `
FILE: a picture (heat: 16-bit PNG in centi-kelvin; depth: in millimetres), whatever sound ffmpeg knows, motion as CSV
t_ms,ax,ay,az,gx,gy,gz or JSON lines {timeUs, acc[3], gyro[3]}, or .npy of any of them. The tensor is float32, row-major,
without the batch axis. For text see edgebind tokenize.

Examples:
  edgebind preprocess --modality audio bark.wav --frontend '{"kind": "log-mel", "preset": "imagebind", "clips": 3}' --npy bark.npy
  edgebind preprocess --modality image cat.jpg --model models/mini --npy cat.npy`;

/** Adds `edgebind preprocess`. */
export function registerPreprocess(program: Command): void {
  program
    .command('preprocess')
    .description('a file to exactly the tensor that the encoder gets, as .npy')
    .argument('<file>', 'the signal')
    .addOption(new Option('--modality <name>', 'what the file holds').choices(MODALITIES).makeOptionMandatory())
    .option('--model <dir>', 'the bundle whose front end it goes through; its weights are not opened')
    .option('--frontend <json>', 'a front end instead: JSON, or a file of it')
    .requiredOption('--npy <out>', 'where the tensor goes')
    .addHelpText('after', HELP)
    .action((file: string, options: PreprocessOptions) => preprocess(file, options, process));
}

/**
 * Writes the tensor of a file, and one line `{npy, shape, dtype}` to stdout; what was passed over in the file goes to stderr.
 *
 * @throws UsageError for a front end or a file that cannot be used, EdgeBindError for a signal that makes no tensor
 */
export async function preprocess(file: string, options: PreprocessOptions, { stdout, stderr }: PreprocessStreams): Promise<void> {
  const recipe = await recipeOf(options);
  const { signal, skipped } = await readSignal(options.modality, file, recipe);
  for (const line of skipped) stderr.write(`edgebind: ${file}: left out: ${line}\n`);
  const tensor = await tensorOf(recipe, signal).catch((cause: unknown) => {
    if (cause instanceof PayloadError) throw new EdgeBindError(cause.code, `${file}: ${cause.message}`, { cause });
    throw cause;
  });
  await writeFile(options.npy, writeNpy(tensor)).catch((cause: unknown) => {
    throw new EdgeBindError('OUTPUT_UNWRITABLE', `cannot write ${options.npy}: ${messageOf(cause)}`, { cause });
  });
  stdout.write(`${JSON.stringify({ npy: options.npy, shape: tensor.shape, dtype: 'float32' })}\n`);
}

async function recipeOf({ modality, model, frontend }: PreprocessOptions): Promise<FrontEnd> {
  if ((model === undefined) === (frontend === undefined))
    throw new UsageError('BAD_FRONT_END', 'say either --model DIR or --frontend JSON-OR-FILE, and not both');
  const recipe = frontend === undefined ? await bundleRecipe(model ?? '', modality) : parseFrontEnd(await readJson(frontend));
  if (KINDS[modality].includes(recipe.kind)) return recipe;
  throw new UsageError('BAD_FRONT_END', `"${recipe.kind}" makes no input for ${modality}; use ${KINDS[modality].join(' or ')}`);
}

async function bundleRecipe(model: string, modality: KnownModality): Promise<FrontEnd> {
  const path = join(model, 'manifest.yaml');
  const { modalities } = parseManifest(await readText(path, 'a bundle folder has a manifest.yaml'), path);
  const entry = modalities[modality];
  if (entry) return entry.frontEnd;
  throw new UsageError('NO_ENCODER', `${model} has no encoder for ${modality}; it has ${Object.keys(modalities).join(', ')}`);
}

async function readJson(given: string): Promise<unknown> {
  const isJson = given.trimStart().startsWith('{');
  const text = isJson ? given : await readText(given, 'wanted: a front end as JSON, or a file of it');
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new UsageError('BAD_FRONT_END', `--frontend ${isJson ? '' : `${given} `}is no JSON: ${messageOf(cause)}`, { cause });
  }
}

const readText = (path: string, wanted: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw new UsageError('FILE_UNREADABLE', `cannot read ${path}: ${messageOf(cause)}; ${wanted}`, { cause });
  });

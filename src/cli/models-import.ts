import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { packageRoot } from './package-root.ts';

/** Python's exit code for wrong usage, as ours. */
const USAGE = 2;

const build = fileURLToPath(new URL('models/build/', packageRoot));

/** The systems that there are importers for; beside each there may be its architecture, `NAME_model.py`. */
const systems = (): string[] =>
  readdirSync(join(build, 'importers/systems'))
    .filter((file) => /^[a-z].*(?<!_model)\.py$/.test(file))
    .map((file) => file.slice(0, -'.py'.length).replaceAll('_', '-'))
    .sort();

/** `edgebind models import`: runs models/build/importers in a Python environment of its own, which is made on first use. */
export function registerModelsImport(models: Command): void {
  models
    .command('import')
    .description('make a bundle from a published checkpoint (needs Python 3.11 or newer; the importers make an environment of their own)')
    .argument('<system>', 'imagebind, clap, ...: another name lists them all')
    .argument('[options...]', 'see below')
    .allowUnknownOption()
    .addHelpText('after', HELP)
    .action(importModel);
}

const HELP = `
System          checkpoint (where it comes from, its licence, and what was proven: docs/importers.md)
  imagebind     imagebind_huge.pth
  clip          OpenAI's RN50.pt ... ViT-L-14-336px.pt
  openclip      open_clip_model.safetensors or open_clip_pytorch_model.bin, with its open_clip_config.json
  clap          laion/clap-htsat-unfused: model.safetensors or pytorch_model.bin, with its tokenizer.json
  align         kakaobrain/align-base: model.safetensors or pytorch_model.bin, with its tokenizer.json
  audioclip     AudioCLIP-Full-Training.pt or AudioCLIP-Partial-Training.pt
  languagebind  a folder with LanguageBind_Image, _Video_FT, _Audio_FT, _Thermal, _Depth (those that are there)

Options
  --checkpoint FILE     the authors' file: .pt, .pth, .bin, .safetensors (weights only: a pickle with code in it is refused)
  --random SEED         instead of a checkpoint: seeded random weights, for trials; --blocks N: blocks per encoder (2);
                        --variant NAME: which of the published sizes (clip: ViT-B-32 ... RN50x64; openclip: ViT-B-32 ... ViT-bigG-14)
  --out DIR             the new bundle folder
  --bpe, --tokenizer FILE  CLIP's bpe_simple_vocab_16e6.txt.gz, or a tokenizer.json
  --only MODALITY...    only these modalities
  --config FILE, --activation gelu or quickgelu  what the tensors do not tell (openclip: open_clip_config.json is found beside them)
  --licence TEXT        of the weights, where the importer cannot know it (openclip)
  --video               pictures in pairs, 2 s apart (imagebind); eight pictures of 7 s (languagebind)
  --fp16, --int8        also DIR-fp16, DIR-int8, each behind a gate: cosine to the original, and a retrieval check
  --samples FILE        .npz with encoder inputs by modality, N x shape, for the gates

EDGEBIND_IMPORT_VENV names the environment's folder (default: models/build/.venv-import, or ~/.cache/edgebind/venv-import where the
package is installed); PYTHON the interpreter that makes it.

Example:
  edgebind models import imagebind --checkpoint imagebind_huge.pth --bpe bpe_simple_vocab_16e6.txt.gz --out models/imagebind --fp16
`;

async function importModel(system: string, options: readonly string[]): Promise<void> {
  const known = systems();
  if (!known.includes(system)) throw new UsageError('UNKNOWN_SYSTEM', `no importer for "${system}"; there are: ${known.join(', ')}`);
  const python = await environment();
  const code = await run(python, ['-m', 'importers', system, ...options], { PYTHONPATH: build, PYTHONDONTWRITEBYTECODE: '1' });
  if (code === USAGE) throw new UsageError('IMPORT_REFUSED', `${system} was not imported; the reason is above`);
  if (code !== 0) throw new EdgeBindError('IMPORT_FAILED', `the import of ${system} ended with code ${code}; the reason is above`);
}

/** Path of the Python with the importers' packages, after making it where it is missing or was made for other requirements. */
async function environment(): Promise<string> {
  const folder = process.env['EDGEBIND_IMPORT_VENV'] ?? defaultFolder();
  const [python, made] = [join(folder, 'bin/python'), join(folder, 'edgebind-requirements.txt')];
  const wanted = readFileSync(join(build, 'importers/requirements.txt'), 'utf8');
  if (existsSync(python) && existsSync(made) && readFileSync(made, 'utf8') === wanted) return python;
  process.stderr.write(`edgebind: making the importers' Python environment in ${folder}; once, some minutes and GB\n`);
  const code = await run('sh', [join(build, 'importers/setup.sh'), folder], {});
  if (code !== 0) {
    throw new UsageError(
      'PYTHON_MISSING',
      `the importers' Python environment could not be made in ${folder} (code ${code}); the reason is above. Wanted: Python 3.11 or newer as python3, or PYTHON=FILE`,
    );
  }
  return python;
}

/** In a checkout beside the importers; an installed package's folder is not ours to fill. */
function defaultFolder(): string {
  const isInstalled = build.includes('/node_modules/');
  return isInstalled ? join(homedir(), '.cache/edgebind/venv-import') : join(build, '.venv-import');
}

/** Runs a program to its end with our streams; SIGINT and SIGTERM reach it, and it removes what it has begun. */
async function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on('SIGINT', pass).on('SIGTERM', pass);
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return code ?? (signal === 'SIGKILL' ? 137 : 1);
  } catch (cause) {
    throw new EdgeBindError('IMPORT_FAILED', `${program} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
  } finally {
    process.off('SIGINT', pass).off('SIGTERM', pass);
  }
}

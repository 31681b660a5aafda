import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { messageOf } from '../core/errors.ts';
import { openBundle } from '../encoders/bundle.ts';
import { benchBundle, verifyBundle } from '../encoders/verify-bundle.ts';
import { findBundle } from '../runtime/bundles.ts';
import { registerModelsImport } from './models-import.ts';
import { packageRoot } from './package-root.ts';

interface Common {
  readonly json?: true;
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

/** `edgebind models list`, `verify`, `bench`. Exit codes 0: all is well; 1: a graph failed its check; 2: no bundle, or a broken one. */
export function registerModels(program: Command): void {
  const models = program.command('models').description('bundles: what there is, whether it can be trusted, how fast it is');
  models
    .command('list')
    .description('bundles in ./models and those shipped with EdgeBind')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  edgebind models list\n')
    .action(list);
  models
    .command('verify')
    .description('check hashes, shapes, unit norm, golden vectors, that inputs differ in their vectors, and batches')
    .argument('[dir]', 'a bundle folder', 'models/mini')
    .option('--provider <names...>', 'execution providers to try, each on its own', ['cpu'])
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  edgebind models verify models/mini --provider cpu webgpu\n')
    .action(verify);
  models
    .command('bench')
    .description('ms per call, load time and memory of each modality, one thread')
    .argument('[dir]', 'a bundle folder', 'models/mini')
    .option('--provider <name>', 'execution provider', 'cpu')
    .option('--seconds <n>', 'how long each graph is called', Number, 2)
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  edgebind models bench models/mini --seconds 5 --json\n')
    .action(bench);
  registerModelsImport(models);
}

async function list({ json }: Common): Promise<void> {
  const folders = new Set([resolve('models'), fileURLToPath(new URL('models', packageRoot))].flatMap(bundleFolders));
  const rows = [];
  for (const dir of folders) {
    try {
      const { manifest, space, entries } = await openBundle(dir);
      const { name, version, licence } = manifest;
      rows.push({ dir, name, version, licence, space, modalities: [...entries.keys()] });
    } catch (error) {
      rows.push({ dir, error: messageOf(error) });
    }
  }
  if (json) print(JSON.stringify(rows));
  else
    for (const row of rows) {
      const dir = relative('.', row.dir) || '.';
      if (row.error !== undefined) print(`${dir}: broken: ${row.error}`);
      else
        print(
          `${dir}: ${row.name} ${row.version} (${row.licence}), space ${row.space.id}, ${row.space.dim} numbers: ${row.modalities.join(', ')}`,
        );
    }
}

/** Folders of a folder that have a manifest. */
function bundleFolders(parent: string): string[] {
  try {
    return readdirSync(parent)
      .map((name) => join(parent, name))
      .filter((dir) => readdirSync(dir).includes('manifest.yaml'));
  } catch {
    return [];
  }
}

async function verify(dir: string, { json, provider }: Common & { readonly provider: readonly string[] }): Promise<void> {
  const bundle = await openBundle(findBundle(dir, process.cwd()));
  const verdicts = await verifyBundle(bundle, provider);
  const isOk = verdicts.every((verdict) => verdict.isOk);
  if (json) print(JSON.stringify({ ok: isOk, dir: bundle.dir, space: bundle.space, graphs: verdicts.map(verdictJson) }));
  else {
    print(`${bundle.dir}: space ${bundle.space.id}, hashes hold`);
    for (const { modality, provider: on, isOk: good, reason, report } of verdicts) {
      const golden = report?.goldenCosines.length ? `golden ${Math.min(...report.goldenCosines).toFixed(6)}` : 'no golden vectors';
      const batch = Number.isNaN(report?.batchError) ? 'no batches' : `batch differs by ${report?.batchError.toExponential(1) ?? '?'}`;
      print(
        `${good ? 'ok  ' : 'FAIL'}  ${modality.padEnd(8)} ${on.padEnd(8)} ${report ? `${golden}, inputs ${report.spread.toFixed(3)} apart, ${batch}` : ''} ${reason}`.trimEnd(),
      );
    }
  }
  if (!isOk) process.exitCode = 1;
}

function verdictJson({ modality, provider, isOk, reason, report }: Awaited<ReturnType<typeof verifyBundle>>[number]): object {
  const batchError = report && Number.isFinite(report.batchError) ? report.batchError : null;
  const found = report && { goldenCosines: report.goldenCosines, spread: report.spread, batchError, isBatchable: report.isBatchable };
  return { modality, provider, ok: isOk, reason, ...found };
}

async function bench(
  dir: string,
  { json, provider, seconds }: Common & { readonly provider: string; readonly seconds: number },
): Promise<void> {
  const bundle = await openBundle(findBundle(dir, process.cwd()));
  const speeds = await benchBundle(bundle, provider, seconds);
  if (json) print(JSON.stringify({ dir: bundle.dir, space: bundle.space, graphs: speeds }));
  else {
    print('modality  provider   load ms   call ms    p99 ms   RSS MiB');
    for (const { modality, provider: on, loadMs, callMs, p99Ms, rssMiB } of speeds) {
      print(
        `${modality.padEnd(9)} ${on.padEnd(8)} ${[loadMs, callMs, p99Ms, rssMiB].map((value) => value.toFixed(2).padStart(9)).join(' ')}`,
      );
    }
  }
}

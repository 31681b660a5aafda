import { readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { messageOf } from '../core/errors.ts';
import { openBundle } from '../encoders/bundle.ts';
import { registerModelsBench } from './models-bench.ts';
import { registerModelsEval } from './models-eval.ts';
import { registerModelsImport } from './models-import.ts';
import { registerModelsVerify } from './models-verify.ts';
import { packageRoot } from './package-root.ts';

/** `edgebind models`. */
export function registerModels(program: Command): void {
  const models = program.command('models').description('bundles: what there is, whether it can be trusted, how fast it is');
  models
    .command('list')
    .description('bundles in ./models and those shipped with EdgeBind')
    .option('--json', 'one JSON array')
    .addHelpText('after', '\nExample:\n  edgebind models list\n')
    .action(list);
  registerModelsVerify(models);
  registerModelsBench(models);
  registerModelsEval(models);
  registerModelsImport(models);
}

async function list({ json }: { readonly json?: true }): Promise<void> {
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
  const lines = rows.map((row) => {
    const dir = relative('.', row.dir) || '.';
    if (row.error !== undefined) return `${dir}: broken: ${row.error}\n`;
    const { name, version, licence, space, modalities } = row;
    return `${dir}: ${name} ${version} (${licence}), space ${space.id}, ${space.dim} numbers: ${modalities.join(', ')}\n`;
  });
  process.stdout.write(json ? `${JSON.stringify(rows)}\n` : lines.join(''));
}

/** Folders of a folder that have a manifest. */
function bundleFolders(parent: string): string[] {
  try {
    return readdirSync(parent, { withFileTypes: true })
      .filter((entry) => !entry.isFile())
      .map(({ name }) => join(parent, name))
      .filter((dir) => readdirSync(dir).includes('manifest.yaml'));
  } catch {
    return [];
  }
}

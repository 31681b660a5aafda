import { stat } from 'node:fs/promises';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { Pipeline } from '../../pipelines/engine.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import { placed } from './check-sources.ts';
import type { LoadedConfig } from './config.ts';
import { configPath } from './senses.ts';

/**
 * The pipelines of users that a config names, by source. A module that has changed since is imported anew.
 *
 * @throws UsageError `NO_PIPELINE`, `BAD_PIPELINE` with file, line and path in the config
 */
export async function loadPipelines({
  config,
  folder,
  at,
}: Pick<LoadedConfig, 'config' | 'folder' | 'at'>): Promise<Map<string, Pipeline>> {
  const pipelines = new Map<string, Pipeline>();
  for (const [i, { id, pipeline }] of config.sources.entries()) {
    if (pipeline === undefined) continue;
    try {
      pipelines.set(id, await load(configPath(folder, pipeline)));
    } catch (error) {
      throw placed(at(['sources', i, 'pipeline']), error);
    }
  }
  return pipelines;
}

async function load(file: string): Promise<Pipeline> {
  const { mtimeMs } = await stat(file).catch((error: unknown) => {
    throw new UsageError('NO_PIPELINE', `${file} cannot be read (${messageOf(error)}); paths begin at the folder of the config`);
  });
  findOwnPackages();
  const url = pathToFileURL(file).href;
  const module = (await import(`${url}?${mtimeMs}`).catch((error: unknown) => {
    throw new UsageError(
      'BAD_PIPELINE',
      `${file}${lineIn(error, url)} fails when it is imported: ${messageOf(error)}; try it with node ${file}`,
      {
        cause: error,
      },
    );
  })) as Readonly<Record<string, unknown>>;
  const { pipeline } = module;
  if (isPipeline(pipeline)) return pipeline;
  const exported = Object.keys(module).join(', ') || 'nothing';
  throw new UsageError(
    'BAD_PIPELINE',
    `${file} exports no function "pipeline" (it exports ${exported}); write: export const pipeline = (source, engine) => source.readings$.pipe(...)`,
  );
}

const isPipeline = (value: unknown): value is Pipeline => typeof value === 'function';

/** `:LINE` of the file that the error is about, where its stack says so. */
const lineIn = (error: unknown, url: string): string =>
  error instanceof Error ? (/^(?:\?[\d.]+)?(:\d+)/.exec(error.stack?.split(url)[1] ?? '')?.[1] ?? '') : '';

let isRegistered = false;

/** From now on `edgebind` and `rxjs` are found from any folder, and are those that run. */
function findOwnPackages(): void {
  if (isRegistered) return;
  isRegistered = true;
  // Hooks run in a thread, which cannot load TypeScript on Node 20: sources that run as they are (in tests) use the last build.
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/runtime/' : './';
  register(new URL(`${folder}resolve-own-packages.js`, import.meta.url));
}

import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The package's own folder: above `src/runtime` in the sources, above `dist/src/runtime` when built. */
const packageFolders = [new URL('../../', import.meta.url), new URL('../../../', import.meta.url)].map((url) => fileURLToPath(url));

/**
 * The folder of a bundle that a config names: as it stands, from the config's folder, or the one that is shipped with EdgeBind
 * (so that `model: models/mini` works anywhere). Where there is none the first guess is returned, for the error to name.
 */
export function findBundle(model: string, configFolder: string): string {
  if (isAbsolute(model)) return model;
  const candidates = [resolve(configFolder, model), ...packageFolders.map((folder) => join(folder, model))];
  return candidates.find((folder) => existsSync(join(folder, 'manifest.yaml'))) ?? resolve(configFolder, model);
}

import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { UsageError } from '../core/errors.ts';

/**
 * The real path of a file that a bundle names, which must exist and lie inside the bundle's folder, symbolic links followed.
 *
 * @param named how the manifest (or a graph) names the file, relative to `from`
 * @param where said in the error: file and path of the entry that names it
 * @param from real path of a folder inside the bundle; default: the bundle folder itself
 * @throws UsageError `BUNDLE_PATH` for a path that leads out, `BUNDLE_FILE_MISSING` for a file that is not there
 */
export async function insideFolder(folder: string, named: string, where: string, from?: string): Promise<string> {
  const escapes = (path: string, root: string): boolean => {
    const way = relative(root, path);
    return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way);
  };
  const outside = (): UsageError =>
    new UsageError(
      'BUNDLE_PATH',
      `${where}: "${named}" leads out of the bundle folder ${folder}; put the file inside and name it relative to the manifest`,
    );
  const root = await realpath(folder);
  const path = resolve(from ?? root, named);
  if (named.includes('\0') || isAbsolute(named) || escapes(path, root)) throw outside();
  let real: string;
  try {
    real = await realpath(path);
  } catch (cause) {
    throw new UsageError('BUNDLE_FILE_MISSING', `${where}: ${path} is not there; copy it into the bundle or correct the name`, { cause });
  }
  if (escapes(real, root)) throw outside();
  return real;
}

import { watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** Editors write in several steps; wait until they are done. */
const SETTLE_MS = 300;

/**
 * Calls back after each change of a file. Watches the folder, since most editors replace the file.
 *
 * @returns the way to stop
 */
export function watchConfig(file: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const watcher = watch(dirname(file), (_event, name) => {
    if (name !== null && name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  });
  // A folder that goes away ends the watching, not the program.
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(timer);
    watcher.close();
  };
}

import { unwatchFile, watchFile, type Stats } from 'node:fs';

/** How often the file is looked at. By its path: one that was replaced, or a link that was turned (a mounted ConfigMap), is seen as well. */
const EVERY_MS = 500;
/** Editors write in several steps; wait until they are done. */
const SETTLE_MS = 300;

/**
 * Calls back after each change of a file.
 *
 * @returns the way to stop
 */
export function watchConfig(file: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const look = (now: Stats, before: Stats): void => {
    if (now.mtimeMs === before.mtimeMs && now.size === before.size && now.ino === before.ino) return;
    clearTimeout(timer);
    timer = setTimeout(onChange, SETTLE_MS);
  };
  watchFile(file, { interval: EVERY_MS }, look);
  return () => {
    clearTimeout(timer);
    unwatchFile(file, look);
  };
}

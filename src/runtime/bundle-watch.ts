import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/time.ts';

/** How often the manifest is looked at. Asked by its path: a folder that was replaced, or a link that was turned, is seen as well. */
const EVERY_MS = 1000;

export interface BundleWatchOptions {
  readonly clock: Clock;
  /** The manifest's stamp (`manifestStamp`) before the bundle was opened: what has changed since then is a change. */
  readonly seen: string;
  /** Whether the bundle could not be taken into service: then a change of any of its files is worth another attempt. */
  readonly isRefused: () => boolean;
  /** Takes the bundle into service; rejects where it cannot be, which it has told. */
  readonly attempt: () => Promise<void>;
}

/**
 * Makes an attempt after each change of a bundle's manifest, and while the bundle is refused after each change of its files, once they
 * have stood still for a second: they may still be copied.
 *
 * @returns the way to stop
 */
export function watchBundle(dir: string, { clock, seen, isRefused, attempt }: BundleWatchOptions): () => void {
  let tried: { readonly manifest: string; readonly folder: string } | undefined;
  let before = '';
  let isStopped = false;
  let cancel = (): void => undefined;

  const look = async (): Promise<void> => {
    const now = await manifestStamp(dir);
    if (tried && now === tried.manifest && !isRefused()) return;
    const folder = await folderStamp(dir);
    tried ??= { manifest: seen, folder };
    const isSettled = folder === before;
    before = folder;
    if (!isSettled || isStopped || (now === tried.manifest && folder === tried.folder)) return;
    tried = { manifest: now, folder };
    await attempt().catch(() => undefined);
  };
  const next = (): void => {
    if (isStopped) return;
    cancel = clock.after(EVERY_MS, () => void look().then(next));
  };
  void look().then(next);
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Changes when the manifest of a bundle is another one. */
export const manifestStamp = (dir: string): Promise<string> => stampOf(join(dir, 'manifest.yaml'));

/** Changes with what a file is. */
const stampOf = (path: string): Promise<string> =>
  stat(path).then(
    ({ mtimeMs, size, ino }) => `${path} ${mtimeMs} ${size} ${ino}`,
    () => `${path} absent`,
  );

async function folderStamp(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true }).catch(() => []);
  return (await Promise.all(names.sort().map((name) => stampOf(join(dir, name))))).join('\n');
}

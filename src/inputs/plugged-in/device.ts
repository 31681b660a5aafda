import { access, constants, readdir, readFile, readlink } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { basename, join } from 'node:path';
import type { SourceConfig } from '../../core/source-config.ts';

/** A device of this machine that EdgeBind could read. */
export interface PluggedIn {
  readonly kind: 'camera' | 'microphone' | 'serial';
  /** What it calls itself. */
  readonly name: string;
  /** The entry of `sources:` that reads it; its id is only a proposal. */
  readonly source: SourceConfig;
  /** Why it cannot be read as it is, with the fix; or what must be filled in. */
  readonly note?: string;
}

/** Looks below this folder instead of `/`: for tests, and for a host's file system mounted into a container. */
export interface Root {
  readonly root: string;
}

/** The trimmed text of a small file, or undefined where it cannot be read. */
export const textOf = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );

/** Names in a folder in the order that people count: video2 before video10. None where it is not there. */
export async function namesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/**
 * The name under which udev always finds a device again (`/dev/serial/by-id/...`), whatever else is plugged in; where there is
 * none, the device's own path.
 *
 * @param folder where udev keeps such links, e.g. `/dev/serial/by-id`
 */
export async function stablePath({ root }: Root, folder: string, path: string): Promise<string> {
  for (const name of await namesIn(join(root, folder))) {
    const target = await readlink(join(root, folder, name)).catch(() => '');
    if (basename(target) === basename(path)) return join(folder, name);
  }
  return path;
}

/** What keeps this user from opening a device, with the fix; undefined where nothing does. */
export async function denied({ root }: Root, path: string, group: string): Promise<string | undefined> {
  const file = join(root, path);
  try {
    await access(file, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return `${path} is not there: a container needs --device=${path}`;
    return `${userInfo().username} may not open it: sudo usermod -aG ${group} ${userInfo().username}, then log in again`;
  }
}

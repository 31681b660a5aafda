import { existsSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { EdgeBindError, messageOf } from '../core/errors.ts';

/** A disk that is full today may have room tomorrow: what is to be kept waits in memory. */
const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT'];

/**
 * Makes a folder that files can be written to. Step by step, and tried out: Node's own way of making the folders above as well never ends
 * on file systems that take none and do not say so (/proc).
 *
 * @param what is kept there, for the message
 * @param option of the config that names it
 * @throws EdgeBindError `FOLDER_UNUSABLE`
 */
export function makeFolder(path: string, what: string, option: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && dirname(at) !== at; at = dirname(at)) missing.unshift(at);
  try {
    for (const folder of missing) mkdirSync(folder);
    if (missing.length === 0) tryOut(path);
  } catch (cause) {
    throw new EdgeBindError(
      'FOLDER_UNUSABLE',
      `${path}: cannot keep ${what} here (${messageOf(cause)}); set ${option} to a folder that can be written`,
      { cause },
    );
  }
}

function tryOut(folder: string): void {
  try {
    rmdirSync(mkdtempSync(join(folder, '.edgebind-')));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && FULL.includes(error.code))) throw error;
  }
}

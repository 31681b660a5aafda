import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../../core/errors.ts';
import type { Finding } from './finding.ts';

const GIB = 2 ** 30;
/** Less than this and even the alert log is in danger. */
const LEAST_GIB = 0.1;

/**
 * Whether a folder that will be written to can be, and has room for what it may grow to.
 *
 * @param growsToGiB 0: it stays small
 */
export async function diskCheck(what: string, folder: string, growsToGiB: number): Promise<Finding> {
  try {
    const there = await nearest(folder);
    await access(there, constants.W_OK);
    const { bavail, bsize } = await statfs(there);
    return diskFinding(what, folder, (bavail * bsize) / GIB, growsToGiB);
  } catch (error) {
    return {
      check: `disk for ${what}`,
      status: 'fail',
      found: `${folder} cannot be written: ${messageOf(error)}`,
      todo: 'give this user the right to write there, or name another folder',
    };
  }
}

export function diskFinding(what: string, folder: string, freeGiB: number, growsToGiB: number): Finding {
  const found = `${freeGiB.toFixed(1)} GiB free at ${folder}${growsToGiB > 0 ? `, which may grow to ${growsToGiB} GiB` : ''}`;
  const check = `disk for ${what}`;
  if (freeGiB < LEAST_GIB) return { check, status: 'fail', found, todo: 'make room, or name a folder on another disk' };
  if (freeGiB < growsToGiB) return { check, status: 'warning', found, todo: 'make room, or set a smaller maxGiB' };
  return { check, status: 'ok', found };
}

/** The folder itself or, while it is not made yet, the one above that is. */
async function nearest(folder: string): Promise<string> {
  let there = folder;
  while (dirname(there) !== there) {
    try {
      await stat(there);
      return there;
    } catch {
      there = dirname(there);
    }
  }
  return there;
}

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { ruleSchema, type Rule } from './rule.ts';

const storeSchema = z.strictObject({ version: z.literal(1), put: z.array(ruleSchema), deleted: z.array(z.string()) });

/** What was changed live: rules put, and ids of the config's rules that were deleted. It outlives restarts. */
export interface LiveRules {
  readonly put: readonly Rule[];
  readonly deleted: readonly string[];
}

const NOTHING: LiveRules = { put: [], deleted: [] };

/** @throws EdgeBindError `STATE_UNREADABLE` for a file that is broken or of a newer version: it is never overwritten unseen */
export function readLiveRules(path: string): LiveRules {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NOTHING;
    throw error;
  }
  try {
    return storeSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new EdgeBindError(
      'STATE_UNREADABLE',
      `${path}: the rules that were added live cannot be read (${messageOf(error)}); mend the file or move it away`,
      { cause: error },
    );
  }
}

/** Replaces the file in one step, so that a power cut leaves the old or the new one. */
export function writeLiveRules(path: string, rules: LiveRules): void {
  mkdirSync(dirname(path), { recursive: true });
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify({ version: 1, ...rules }, null, 2)}\n`);
  renameSync(next, path);
}

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { ruleSchema, type Rule } from './rule.ts';

const VERSION = 1;
const versionSchema = z.object({ version: z.number() });
const storeSchema = z.strictObject({ version: z.literal(VERSION), put: z.array(ruleSchema), deleted: z.array(z.string()) });

/** What was changed live: rules put, and ids of the config's rules that were deleted. It outlives restarts. */
export interface LiveRules {
  readonly put: readonly Rule[];
  readonly deleted: readonly string[];
}

const NOTHING: LiveRules = { put: [], deleted: [] };

/** @throws EdgeBindError `STATE_UNREADABLE`, `STATE_NEWER`: what cannot be read is never overwritten unseen */
export function readLiveRules(path: string): LiveRules {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return NOTHING;
    throw error;
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw unreadable(path, messageOf(cause), cause);
  }
  const version = versionSchema.safeParse(json).data?.version ?? VERSION;
  if (version > VERSION)
    throw new EdgeBindError(
      'STATE_NEWER',
      `${path}: was written by a newer EdgeBind (format ${version}, this one reads up to ${VERSION}); install that version, or move the file away to begin anew`,
    );
  const parsed = storeSchema.safeParse(json);
  if (!parsed.success) throw unreadable(path, z.prettifyError(parsed.error).replaceAll('\n', ' '), parsed.error);
  return parsed.data;
}

const unreadable = (path: string, why: string, cause: unknown): EdgeBindError =>
  new EdgeBindError('STATE_UNREADABLE', `${path}: the rules that were added live cannot be read (${why}); mend the file or move it away`, {
    cause,
  });

/** Replaces the file in one step, so that a power cut leaves the old or the new one. */
export function writeLiveRules(path: string, rules: LiveRules): void {
  mkdirSync(dirname(path), { recursive: true });
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify({ version: VERSION, ...rules }, null, 2)}\n`);
  renameSync(next, path);
}

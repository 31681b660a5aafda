import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { base64Of, floatsOf, holdsFloats } from '../core/base64.ts';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { SpaceVector } from '../space/vector.ts';
import { ruleSchema, type Rule } from './rule.ts';
import { refuseNewer } from './refuse-newer.ts';

const VERSION = 1;
const versionSchema = z.object({ version: z.number() });
const storeSchema = z.strictObject({
  version: z.literal(VERSION),
  put: z.array(ruleSchema),
  deleted: z.array(z.string()),
  past: z
    .array(
      z.strictObject({
        rule: z.string(),
        space: z.string(),
        vector: z.base64().refine(holdsFloats, 'a vector is float32 numbers in base64').transform(floatsOf),
      }),
    )
    .default([]),
});

/** What was changed live: rules put, and ids of the config's rules that were deleted. It outlives restarts. */
export interface LiveRules {
  readonly put: readonly Rule[];
  readonly deleted: readonly string[];
  /** What rules put look for that the past gave: moments and the evidence of alerts are gone some day, the rules stay. */
  readonly past: readonly PastQuery[];
}

export interface PastQuery extends SpaceVector {
  readonly rule: string;
}

const NOTHING: LiveRules = { put: [], deleted: [], past: [] };

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
  refuseNewer(path, version, VERSION);
  const parsed = storeSchema.safeParse(json);
  if (!parsed.success) throw unreadable(path, z.prettifyError(parsed.error).replaceAll('\n', ' '), parsed.error);
  return parsed.data;
}

const unreadable = (path: string, why: string, cause: unknown): EdgeBindError =>
  new EdgeBindError('STATE_UNREADABLE', `${path}: the rules that were added live cannot be read (${why}); mend the file or move it away`, {
    cause,
  });

/**
 * Replaces the file in one step, so that a power cut leaves the old or the new one.
 *
 * @throws EdgeBindError `STATE_UNWRITABLE`
 */
export function writeLiveRules(path: string, { past, ...rules }: LiveRules): void {
  const next = `${path}.next`;
  const vectors = past.map(({ vector, ...others }) => ({ ...others, vector: base64Of(vector) }));
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(next, `${JSON.stringify({ version: VERSION, ...rules, past: vectors }, null, 2)}\n`);
    renameSync(next, path);
  } catch (cause) {
    throw new EdgeBindError(
      'STATE_UNWRITABLE',
      `${path}: the change cannot be kept (${messageOf(cause)}), so the rules are as before; make room, or make the folder writable`,
      { cause },
    );
  }
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Encoders } from '../core/encoder.ts';
import { messageOf, SpaceMismatchError, UsageError } from '../core/errors.ts';
import { issueWords } from '../core/issue-words.ts';
import { nearest } from '../core/nearest.ts';
import { hasOneExample, ONE_EXAMPLE, PAST_QUERY_FIELDS, type PastQuery } from '../core/past-query.ts';
import { readSoundFile } from '../inputs/sound-file.ts';
import type { MemoryAnswer, MemoryQuery } from '../memory/memory-store.ts';
import { normalise, type SpaceVector } from '../space/vector.ts';
import { momentOf } from './moment-of.ts';

/** The body of `POST /api/v1/search`. */
const searchSchema = z.strictObject(PAST_QUERY_FIELDS).refine(hasOneExample, ONE_EXAMPLE);

/** @throws UsageError `BAD_SEARCH` with what is wrong */
export function parseSearch(body: unknown): PastQuery {
  const parsed = searchSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new UsageError('BAD_SEARCH', `${issueWords(parsed.error)}; wanted e.g. {"text": "glass breaking", "top": 10}`);
}

export interface RecallOptions {
  readonly encoders: Encoders;
  /** Rate at which the bundle hears. */
  readonly audioRateHz: number;
  readonly search: (query: MemoryQuery) => Promise<MemoryAnswer>;
  /** What a source gave at a moment. */
  readonly moment: (source: string, timeUs: number) => Promise<SpaceVector | undefined>;
  /** Ids of sources that there are, whether or not anything of them is remembered yet. */
  readonly present?: readonly string[] | undefined;
  /** The time now, of the clock that stamped the past. */
  readonly nowUs: number;
}

/** What is told of a search: what was found, in which space, and what was looked through for it. */
export interface PastAnswer extends Omit<MemoryAnswer, 'sources'> {
  readonly space: string;
}

/** Between these lie times since 2001 in seconds and in milliseconds, and none of after 1973 in microseconds. */
const OTHER_UNITS = { from: 1e9, to: 1e14 };

/**
 * Asks a memory: embeds the query with the encoders that the sensors have, and ranks past moments by it.
 *
 * @throws UsageError `BAD_SEARCH` for a range in which nothing can be, `UNKNOWN_SOURCE`, `MOMENT_GONE`, and where the query cannot be embedded;
 * SpaceMismatchError for a vector of another space
 */
export async function recall(query: PastQuery, options: RecallOptions): Promise<PastAnswer> {
  const { encoders, search, present = [], nowUs } = options;
  const { id: space } = encoders.space;
  const { top, sinceUs, untilUs, sources, modalities } = query;
  checkRange(query, nowUs);
  const vector = await queryVector(query, options);
  const { sources: remembered, ...answer } = await search({ space, vector, top, sinceUs, untilUs, sources, modalities });
  checkSources(sources ?? [], [...new Set([...remembered, ...present])]);
  return { space, ...answer };
}

/** No hits would look as if there had been nothing to find. */
function checkSources(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.find((source) => !known.includes(source));
  if (unknown === undefined) return;
  const close = nearest(unknown, known);
  const fix = close ? `did you mean "${close}"?` : `known here: ${known.slice(0, 20).join(', ') || 'none'}`;
  throw new UsageError('UNKNOWN_SOURCE', `sources: nothing of a source "${unknown}" is remembered; ${fix}`);
}

function checkRange({ sinceUs, untilUs }: PastQuery, nowUs: number): void {
  const fail = (why: string): never => {
    throw new UsageError('BAD_SEARCH', `${why}; times are microseconds since the epoch, now is ${nowUs}`);
  };
  for (const [name, time] of Object.entries({ sinceUs, untilUs }))
    if (time !== undefined && time >= OTHER_UNITS.from && time < OTHER_UNITS.to) fail(`${name} is ${time}, as of seconds or milliseconds`);
  if (sinceUs !== undefined && sinceUs > nowUs)
    fail(`sinceUs is ${sinceUs}, ${Math.round((sinceUs - nowUs) / 1e6)} s from now: the future is not remembered`);
  if (sinceUs !== undefined && untilUs !== undefined && untilUs <= sinceUs) fail(`untilUs ${untilUs} is not after sinceUs ${sinceUs}`);
}

async function queryVector(query: PastQuery, { encoders, audioRateHz, moment }: RecallOptions): Promise<Float32Array> {
  if (query.text !== undefined) return encoders.embedText(query.text);
  if (query.image !== undefined) return encoders.embedPicture({ kind: 'encoded', bytes: Buffer.from(query.image, 'base64') });
  if (query.audio !== undefined) return encoders.embedSound(await soundOf(Buffer.from(query.audio, 'base64'), audioRateHz));
  const { id, dim } = encoders.space;
  if (query.moment) return momentOf(query.moment, id, await moment(query.moment.source, query.moment.timeUs));
  if (query.space !== undefined && query.space !== id) throw new SpaceMismatchError(query.space, id);
  const vector = normalise(Float32Array.from(query.vector ?? []));
  if (vector.length !== dim) throw new UsageError('VECTOR_SHAPE', `the vector has ${vector.length} numbers, one of this space has ${dim}`);
  if (!vector.every(Number.isFinite) || vector.every((value) => value === 0))
    throw new UsageError('VECTOR_NOT_FINITE', 'the vector holds infinity or only zeros');
  return vector;
}

/** Formats such as MP4 have their table of contents at the end: ffmpeg needs a file, not a pipe. */
async function soundOf(bytes: Uint8Array, rateHz: number) {
  const folder = await mkdtemp(join(tmpdir(), 'edgebind-query-'));
  try {
    const file = join(folder, 'sound');
    await writeFile(file, bytes);
    return await readSoundFile(file, rateHz).catch((cause: unknown) => {
      // The file that it was written to is nobody's business.
      const complaint = [`file:${file}: `, `${file}: `].reduce((words, name) => words.replaceAll(name, ''), messageOf(cause));
      throw new UsageError('SOUND_UNREADABLE', `the audio query: ${complaint.replaceAll(file, 'it')}`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

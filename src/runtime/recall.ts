import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Encoders } from '../core/encoder.ts';
import { messageOf, SpaceMismatchError, UsageError } from '../core/errors.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import { readSoundFile } from '../inputs/sound-file.ts';
import type { MemoryAnswer, MemoryQuery } from '../memory/memory-store.ts';
import { normalise } from '../space/vector.ts';

const name = z.string().min(1).max(64);
const timeUs = z.number().int().min(0);

/** The body of `POST /api/v1/search`: one of text, image, audio, vector, and where to look. */
const searchSchema = z
  .strictObject({
    text: z.string().trim().min(1, 'a prompt needs at least one word').max(1000, 'a prompt is at most 1,000 characters').optional(),
    image: z.base64().optional(),
    audio: z.base64().optional(),
    vector: z.array(z.number()).min(1).max(8192).optional(),
    /** Space of the vector; absent: the present one. */
    space: z.string().optional(),
    top: z.number().int().min(1).max(1000).default(10),
    sinceUs: timeUs.optional(),
    untilUs: timeUs.optional(),
    sources: z.array(name).max(256).optional(),
    modalities: z.array(modalitySchema).max(16).optional(),
  })
  .refine(
    ({ text, image, audio, vector }) => [text, image, audio, vector].filter((given) => given !== undefined).length === 1,
    'give exactly one of text, image, audio, vector',
  );

type SearchBody = z.output<typeof searchSchema>;
export type PastQuery = Partial<Omit<SearchBody, 'vector'>> & { readonly vector?: readonly number[] | undefined; readonly top: number };

/** @throws UsageError `BAD_SEARCH` with what is wrong */
export function parseSearch(body: unknown): PastQuery {
  const parsed = searchSchema.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new UsageError(
    'BAD_SEARCH',
    `${z.prettifyError(parsed.error).replaceAll('\n', ' ')}; wanted e.g. {"text": "glass breaking", "top": 10}`,
  );
}

export interface RecallOptions {
  readonly encoders: Encoders;
  /** Rate at which the bundle hears. */
  readonly audioRateHz: number;
  readonly search: (query: MemoryQuery) => Promise<MemoryAnswer>;
  /** The time now, of the clock that stamped the past. */
  readonly nowUs: number;
}

/** Between these lie times since 2001 in seconds and in milliseconds, and none of after 1973 in microseconds. */
const OTHER_UNITS = { from: 1e9, to: 1e14 };

/**
 * Asks a memory: embeds the query with the encoders that the sensors have, and ranks past moments by it.
 *
 * @throws UsageError `BAD_SEARCH` for a range in which nothing can be, and where the query cannot be embedded; SpaceMismatchError for a
 * vector of another space
 */
export async function recall(
  query: PastQuery,
  { encoders, audioRateHz, search, nowUs }: RecallOptions,
): Promise<MemoryAnswer & { space: string }> {
  const { id: space } = encoders.space;
  const { top, sinceUs, untilUs, sources, modalities } = query;
  checkRange(query, nowUs);
  const vector = await queryVector(query, encoders, audioRateHz);
  return { space, ...(await search({ space, vector, top, sinceUs, untilUs, sources, modalities })) };
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

async function queryVector(query: PastQuery, encoders: Encoders, audioRateHz: number): Promise<Float32Array> {
  if (query.text !== undefined) return encoders.embedText(query.text);
  if (query.image !== undefined) return encoders.embedPicture({ kind: 'encoded', bytes: Buffer.from(query.image, 'base64') });
  if (query.audio !== undefined) return encoders.embedSound(await soundOf(Buffer.from(query.audio, 'base64'), audioRateHz));
  const { id, dim } = encoders.space;
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
      throw new UsageError('SOUND_UNREADABLE', `the audio query: ${messageOf(cause).replaceAll(file, 'it')}`, { cause });
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

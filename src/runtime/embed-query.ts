import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { partsOf, type Query, type QueryPart, type WeightedPart } from '../alerts/query.ts';
import type { Encoders } from '../core/encoder.ts';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { readNpy } from '../frontends/npy.ts';
import { readSoundFile } from '../inputs/sound-file.ts';
import { normalise, weightedMean, type SpaceVector } from '../space/vector.ts';
import { momentOf } from './moment-of.ts';

export interface EmbedQueryOptions {
  readonly encoders: Encoders;
  /** Relative paths start here: the config's folder. */
  readonly folder: string;
  readonly audioRateHz: number;
  /** The vector of a past alert. Absent: there is no past here. */
  readonly event?: (id: string) => Promise<SpaceVector | undefined>;
  /** What a source gave at a moment. */
  readonly past?: (source: string, timeUs: number) => Promise<SpaceVector | undefined>;
}

/** No example that a person gives is larger. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;
/** A sum shorter than this has no direction that means anything. */
const LEAST_SUM = 0.05;

/**
 * A query as a unit vector of the present space: the weighted sum of its parts, each a unit vector first (the arithmetic of Girdhar et
 * al. 2023, ImageBind, section 4.3). Undefined for queries that compare with the past.
 *
 * @throws UsageError where a file is missing, too large, unreadable, a vector does not fit the space, or the parts cancel each other
 */
export async function embedQuery(query: Query, options: EmbedQueryOptions): Promise<SpaceVector | undefined> {
  const parts = partsOf(query);
  if (parts.length === 0) return undefined;
  const joint = await embedTogether(parts, options);
  if (joint) return { space: options.encoders.space.id, vector: joint };
  const vectors: Float32Array[] = [];
  for (const { part } of parts) vectors.push(await embedPart(part, options));
  const [only] = vectors;
  const space = options.encoders.space.id;
  if (only && vectors.length === 1) return { space, vector: only };
  const weights = parts.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
  const length = Math.hypot(
    ...(only ?? []).map((_, i) => vectors.reduce((sum, vector, n) => sum + ((weights[n] ?? 0) * (vector[i] ?? 0)) / total, 0)),
  );
  if (length < LEAST_SUM)
    throw new UsageError(
      'QUERY_CANCELS',
      'the parts of the query cancel each other: lower the weight of what is under "not", or take it out',
    );
  return { space, vector: weightedMean(vectors, weights) };
}

/** Words, a picture and a sound, one of each and none preferred, as the bundle's fusion graph sees them together; undefined for other queries. */
async function embedTogether(
  parts: readonly WeightedPart[],
  { encoders, folder, audioRateHz }: EmbedQueryOptions,
): Promise<Float32Array | undefined> {
  const find = (key: 'text' | 'image' | 'audio'): string | undefined => parts.find(({ part }) => part[key] !== undefined)?.part[key];
  const given = { text: find('text'), image: find('image'), audio: find('audio') };
  const senses = encoders.joint.filter((modality) => modality in given && given[modality as keyof typeof given] !== undefined);
  const isPlain = parts.every(({ part, weight }) => weight === 1 && part.templates === undefined);
  if (parts.length < 2 || senses.length !== parts.length || !isPlain) return undefined;
  const { text, image, audio } = given;
  return encoders.embedTogether({
    text,
    image: image === undefined ? undefined : { picture: { kind: 'encoded', bytes: await readExample(folder, image) } },
    audio: audio === undefined ? undefined : { sound: await readSoundFile(resolve(folder, audio), audioRateHz) },
  });
}

async function embedPart(part: QueryPart, { encoders, folder, audioRateHz, event, past }: EmbedQueryOptions): Promise<Float32Array> {
  const { text, templates, image, audio, vector, moment } = part;
  if (text !== undefined) {
    const sentences = templates?.map((template) => template.replaceAll('{}', text)) ?? [text];
    const vectors: Float32Array[] = [];
    for (const sentence of sentences) vectors.push(await encoders.embedText(sentence));
    return vectors.length === 1 ? (vectors[0] ?? new Float32Array()) : weightedMean(vectors);
  }
  if (image !== undefined) {
    const bytes = await readExample(folder, image);
    return named(image, () => encoders.embedPicture({ kind: 'encoded', bytes }));
  }
  if (audio !== undefined) return encoders.embedSound(await readSoundFile(resolve(folder, audio), audioRateHz));
  if (vector !== undefined) {
    const bytes = await readExample(folder, vector);
    return named(vector, () => checkedVector(bytes, vector, encoders.space.dim));
  }
  const space = encoders.space.id;
  if (moment) return momentOf(moment, space, await past?.(moment.source, moment.timeUs));
  const id = part.event ?? '';
  const found = await event?.(id);
  if (!found) throw new UsageError('EVENT_UNKNOWN', `there is no kept alert "${id}": GET /api/v1/alerts lists the ids`);
  if (found.space !== space)
    throw new UsageError(
      'EVENT_OTHER_SPACE',
      `the alert "${id}" was of space ${found.space}, this is ${space}: vectors of two spaces cannot be compared`,
    );
  return found.vector;
}

/** What is wrong with an example, with its name; of what a decoder says the first line is enough. */
async function named<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const message = `${path}: ${messageOf(cause).split('\n')[0] ?? ''}`;
    if (cause instanceof EdgeBindError && cause.code === 'QUERY_FAILED') throw new EdgeBindError(cause.code, message, { cause });
    throw new UsageError('EXAMPLE_UNREADABLE', message, { cause });
  }
}

async function readExample(folder: string, path: string): Promise<Uint8Array> {
  const full = resolve(folder, path);
  try {
    const { size } = await stat(full);
    if (size > MAX_FILE_BYTES)
      throw new UsageError('EXAMPLE_TOO_LARGE', `${full}: ${size} bytes; an example has at most ${MAX_FILE_BYTES}`);
    return await readFile(full);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(
      'EXAMPLE_UNREADABLE',
      `${full}: the example cannot be read (${messageOf(error)}); paths start at the config's folder`,
      { cause: error },
    );
  }
}

function checkedVector(bytes: Uint8Array, path: string, dim: number): Float32Array {
  const { data } = readNpy(bytes);
  if (data.length !== dim)
    throw new UsageError(
      'VECTOR_SHAPE',
      `${path}: has ${data.length} numbers, a vector of this space has ${dim}; embed it with the same bundle`,
    );
  const vector = normalise(Float32Array.from(data));
  if (!vector.every(Number.isFinite) || vector.every((value) => value === 0))
    throw new UsageError('VECTOR_NOT_FINITE', `${path}: holds NaN, infinity or only zeros`);
  return vector;
}

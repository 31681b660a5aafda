import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Query } from '../alerts/rule.ts';
import type { Encoders } from '../core/encoder.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import { readNpy } from '../frontends/npy.ts';
import { readSoundFile } from '../inputs/sound-file.ts';
import { normalise, type SpaceVector } from '../space/vector.ts';

export interface EmbedQueryOptions {
  readonly encoders: Encoders;
  /** Relative paths start here: the config's folder. */
  readonly folder: string;
  readonly audioRateHz: number;
}

/** No example that a person gives is larger. */
const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * A query as a unit vector of the present space.
 *
 * @throws UsageError where a file is missing, too large, unreadable, or a vector does not fit the space
 */
export async function embedQuery(query: Query, { encoders, folder, audioRateHz }: EmbedQueryOptions): Promise<SpaceVector> {
  const space = encoders.space.id;
  if (query.text !== undefined) return { space, vector: await encoders.embedText(query.text) };
  if (query.image !== undefined)
    return { space, vector: await encoders.embedPicture({ kind: 'encoded', bytes: await readExample(folder, query.image) }) };
  if (query.audio !== undefined)
    return { space, vector: await encoders.embedSound(await readSoundFile(resolve(folder, query.audio), audioRateHz)) };
  const path = query.vector ?? '';
  return { space, vector: checkedVector(await readExample(folder, path), path, encoders.space.dim) };
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

import { EdgeBindError } from '../core/errors.ts';
import type { Source } from '../core/source.ts';
import type { Embedding, Space } from '../core/types.ts';
import { vectorFault } from '../encoders/vector-fault.ts';

/**
 * Whether what a user's pipeline gave is what rules, fusion, memory and clients take for granted.
 *
 * @throws EdgeBindError `BAD_EMBEDDING`
 */
export function checkEmbedding(embedding: Partial<Embedding> | null | undefined, { id, modality }: Source, space: Space): void {
  const refuse = (why: string): never => {
    throw new EdgeBindError(
      'BAD_EMBEDDING',
      `${why}; let the pipeline end in encoders.encode(source.id, policy) and change nothing after it`,
    );
  };
  if (typeof embedding !== 'object' || embedding === null) return refuse(`it gave ${String(embedding)}, not an embedding`);
  const { source, vector, startUs = Number.NaN, endUs = Number.NaN, samples } = embedding;
  if (source !== id || embedding.modality !== modality)
    return refuse(`it gave an embedding of ${String(source)}, ${String(embedding.modality)}`);
  if (embedding.space !== space.id) return refuse(`it gave a vector of space ${String(embedding.space)}, not of ${space.id}`);
  if (!(vector instanceof Float32Array) || vector.length !== space.dim) return refuse(`it gave no Float32Array of ${space.dim} numbers`);
  const fault = vectorFault(vector);
  if (fault) return refuse(`it gave a vector that is ${fault === 'notUnit' ? 'not of length 1' : 'not finite'}`);
  if (!Number.isSafeInteger(startUs) || !Number.isSafeInteger(endUs) || endUs < startUs || !samples)
    return refuse(`it gave an embedding of the time from ${startUs} to ${endUs}, with ${samples ? '' : 'no '}samples`);
}

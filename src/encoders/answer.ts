import type { Encoded } from '../core/encoder.ts';
import { vectorFault } from './vector-fault.ts';

/** The answer to a batch: for each item its vector and, behind it, how sure the graph is of it. */
export function packAnswers(vectors: Float32Array, confidences: Float32Array): Float32Array {
  const dim = vectors.length / confidences.length;
  const all = new Float32Array(vectors.length + confidences.length);
  for (const [i, confidence] of confidences.entries()) {
    all.set(vectors.subarray(i * dim, (i + 1) * dim), i * (dim + 1));
    all[i * (dim + 1) + dim] = confidence;
  }
  return all;
}

/** What a graph answered to one item: a vector of `dim` numbers, and a number more where it says how sure it is. */
export function answerOf(answer: Float32Array, dim: number): Encoded {
  const confidence = answer[dim];
  return confidence === undefined ? { vector: answer } : { vector: answer.slice(0, dim), confidence };
}

/** Why an answer is none: that of its vector, or `badConfidence`. */
export function answerFault(answer: Float32Array, dim: number): string | undefined {
  return vectorFault(answer.subarray(0, dim)) ?? (isShare(answer[dim] ?? 1) ? undefined : 'badConfidence');
}

/** NaN is none. */
export const isShare = (value: number): boolean => value >= 0 && value <= 1;

import { SpaceMismatchError } from '../core/errors.ts';
import type { Sense } from '../core/types.ts';
import { HOT_CELLS } from '../space/background.ts';
import { PackedVectors } from '../space/packed-vectors.ts';
import type { SpaceVector } from '../space/vector.ts';
import type { ActiveRule } from './active-rule.ts';
import type { Watch } from './watch.ts';

/** The queries of some rules, packed; sources to which the same rules listen share them. */
export interface PackedQueries {
  readonly rules: readonly ActiveRule[];
  readonly vectors: PackedVectors;
  readonly space: string;
}

/** @throws SpaceMismatchError where a query is of another space or length */
export function packQueries(rules: readonly ActiveRule[], { space, vector }: SpaceVector): PackedQueries {
  const queries = rules.map((active) => active.queryIn(space));
  for (const query of queries) if (query && query.vector.length !== vector.length) throw new SpaceMismatchError(query.space, space);
  return {
    rules,
    space,
    vectors: new PackedVectors(
      queries.map((query) => query?.vector),
      vector.length,
    ),
  };
}

/**
 * All rules that listen to one source, for judging its windows: with thousands of rules the time goes into waiting for memory, so what
 * a window touches lies side by side. Made anew when the rules change, or the space of the source.
 */
export class Panel {
  readonly rules: readonly ActiveRule[];
  readonly watches: readonly Watch[];
  readonly #queries: PackedQueries;

  constructor(queries: PackedQueries, source: string, modality: Sense) {
    this.#queries = queries;
    this.rules = queries.rules;
    this.watches = queries.rules.map((active) => active.watch(source, modality, queries.space));
    const hot = new Float64Array(queries.rules.length * HOT_CELLS);
    for (const [i, { background }] of this.watches.entries()) background.moveTo(hot, i * HOT_CELLS);
  }

  get space(): string {
    return this.#queries.space;
  }

  /**
   * What each rule's query scores on a window of the source: `similarity`; 0 for rules without a query. REUSED by the next call.
   *
   * @throws SpaceMismatchError
   */
  similarities({ space, vector, confidence = 1 }: SpaceVector): Float32Array {
    const { vectors, space: own } = this.#queries;
    if (space !== own || vector.length !== vectors.dim) throw new SpaceMismatchError(own, space);
    const scores = vectors.dots(vector);
    if (confidence !== 1) for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] ?? 0) * confidence;
    return scores;
  }
}

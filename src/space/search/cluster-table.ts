/** What is known of rows that lie in clusters, one cluster behind the other. */
export interface ClusterTable {
  readonly dim: number;
  /** Where each cluster's rows begin and, behind the last, how many rows there are. */
  readonly starts: Uint32Array;
  /** Bytes of the centres, one behind the other; times `scales` they are unit vectors. */
  readonly centres: Int8Array;
  readonly scales: Float32Array;
  /** Cosine with its centre of the row that is farthest from it, and of the nearest one. */
  readonly least: Float32Array;
  readonly most: Float32Array;
}

/**
 * How much of what a query and a row have besides the centre may point the same way: 1 is what geometry allows, and misses nothing; of
 * hundreds of dimensions a part is shared. Measured: `npm run bench -- search`.
 */
const SHARED = 0.5;

/**
 * What a unit vector's cosine with a row of a cluster is at most, up to rare exceptions. With the angle t from centre to query and s from
 * centre to row it is at most cos t cos s + sin t sin s; of the second term `shared` is believed.
 *
 * @param cosine of query and centre
 * @param least, most cosine of centre and row
 */
export function reach(cosine: number, least: number, most: number, shared: number = SHARED): number {
  const sine = Math.sqrt(Math.max(0, 1 - cosine * cosine));
  const at = (row: number): number => cosine * row + shared * sine * Math.sqrt(Math.max(0, 1 - row * row));
  // The largest value over all rows lies where tan s = shared tan t, if there are such rows, else at one of the ends.
  const length = Math.hypot(cosine, shared * sine);
  const best = length > 0 ? cosine / length : least;
  return best >= least && best <= most ? length : Math.max(at(least), at(most));
}

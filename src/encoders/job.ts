import type { ArrayReading, Clip, Pcm, Picture, Depth, Thermal } from '../core/types.ts';
import type { GraphItem } from './graph-plan.ts';

/** What a front-end worker turns into the input of a graph. */
export type RawInput =
  | { readonly kind: 'picture'; readonly picture: Picture | Clip | Thermal | Depth | ArrayReading }
  | { readonly kind: 'sound'; readonly sound: Pcm }
  | { readonly kind: 'text'; readonly text: string };

/** One vector, or the tokens of one window, to be made: for a source, or for a query. */
export interface Job {
  /** Key of the graph in the bundle: its modality, or `fusion`. */
  readonly graph: string;
  /** Why an answer is none, as a word of the ledger. Absent: it must be a unit vector. */
  readonly fault?: (answer: Float32Array) => string | undefined;
  /** What a front end must turn into `item` first; absent where the caller brought the item. */
  readonly raw?: RawInput;
  /** An idle inference worker may turn `raw` into `item` itself: it takes next to no time. */
  readonly isLight?: boolean;
  /** The graph's input, once it is there. Given away to the worker when the job runs. */
  item?: GraphItem;
  /** Sees the input right before it is given away. */
  readonly observe?: (item: GraphItem) => void;
  /** Called at most once, in the order of the lane. */
  readonly resolve: (vector: Float32Array) => void;
  /** Called at most once instead, with the reason: a word of the ledger. */
  readonly drop: (reason: string, message?: string) => void;
}

import type { Observable, OperatorFunction } from 'rxjs';
import type { Fused, FusionTick } from './fused.ts';
import type {
  ArrayReading,
  Clip,
  Depth,
  Embedding,
  EncodeInput,
  EncoderModality,
  KnownModality,
  Modality,
  Pcm,
  Picture,
  Space,
  Tensor,
  Thermal,
  WindowMeta,
} from './types.ts';

/** What happens to windows that come faster than their encoder. */
export interface EncodeOptions {
  /**
   * `freshest`: one window of the source waits, a newer one replaces it (dropped as `superseded`);
   * `drop-oldest`: up to `queue` windows wait, the oldest goes (dropped as `overflow`);
   * `every`: as `drop-oldest`, and nothing is dropped for its age.
   */
  readonly keep?: 'freshest' | 'drop-oldest' | 'every';
  /** Windows older than this at the moment their turn comes are dropped as `stale`. Default 500 ms. */
  readonly staleAfterMs?: number;
  /** Length of the queue for `drop-oldest` and `every`. Default 16. */
  readonly queue?: number;
  /** Looks at each window before it enters; a reason (a word of the ledger) keeps it out. A replay leaves out what was left out. */
  readonly refuse?: (window: WindowMeta) => string | undefined;
  /** Told of each window that is not encoded, with the reason that the ledger counts it under; not of those refused. */
  readonly onDrop?: (window: WindowMeta, reason: string) => void;
}

/** What happens to moments of fusion that come faster than their graph. */
export interface JointOptions extends Pick<EncodeOptions, 'keep' | 'staleAfterMs' | 'queue'> {
  /** Told of each moment that is not fused, with the reason that the ledger counts it under. */
  readonly onDrop?: (tickUs: number, reason: string) => void;
}

/** One input of an encoder: a picture or a sound that has its front end still before it, or the finished tensor. */
export type SingleInput =
  { readonly picture: Picture | Clip | Thermal | Depth | ArrayReading } | { readonly sound: Pcm } | { readonly tensor: Tensor };

/** What an encoder says of one input. */
export interface Encoded {
  /** Of unit length. */
  readonly vector: Float32Array;
  /** How sure it is of what the vector means, 0..1: what a query scores is the cosine times this. Absent: 1. */
  readonly confidence?: number;
}

/** Words and examples that are meant together. */
export type JointQuery = Readonly<{ text?: string | undefined } & { [M in KnownModality]?: SingleInput | undefined }>;

/** The encoders of one joint space, running off the event loop. */
export interface Encoders {
  readonly space: Space;
  /** Modalities that the bundle has an encoder for. */
  readonly modalities: readonly EncoderModality[];
  /** Windows of one source in, embeddings of the same source out, in order. Never errors: what fails is counted and skipped. */
  encode(source: string, options?: EncodeOptions): OperatorFunction<EncodeInput, Embedding>;
  /** Modalities whose tokens the bundle's fusion graph takes; empty where it has none. */
  readonly joint: readonly EncoderModality[];
  /**
   * Joint fusion: moments in, one vector each out, in order, made by the bundle's fusion graph of the tokens behind the embeddings that
   * are present. What is dropped is counted (stage `encode` of the source `fused`).
   *
   * @throws UsageError `NO_FUSION_GRAPH`
   */
  fuse(options?: JointOptions): OperatorFunction<FusionTick, Fused>;
  /** One unit vector for a prompt: the bundle's templates are filled, embedded, averaged and normalised. */
  embedText(prompt: string): Promise<Float32Array>;
  /** One input of a sense, outside the live windows: files, examples. */
  embedInput(modality: Modality, input: SingleInput, signal?: AbortSignal): Promise<Encoded>;
  /**
   * One unit vector for words, a picture and a sound together, by the bundle's fusion graph.
   *
   * @throws UsageError `NO_FUSION_GRAPH` (as a rejection)
   */
  embedTogether(query: JointQuery): Promise<Float32Array>;
  /** One unit vector for a picture. */
  embedPicture(picture: Picture, signal?: AbortSignal): Promise<Float32Array>;
  /** One unit vector for a sound: the mean over its windows by how sure they are, normalised. */
  embedSound(sound: Pcm, signal?: AbortSignal): Promise<Float32Array>;
  readonly health$: Observable<EncoderHealth>;
  /** Ends what runs, then frees the workers. Never kills a worker inside a call. */
  stop(): Promise<void>;
}

/** Which execution provider each graph really runs on, and why better ones did not. */
export interface EncoderHealth {
  /** Inference workers that are up. */
  readonly workers: number;
  /** How many workers crashed and were replaced since the start. */
  readonly restarts: number;
  /** Sources whose embeddings no longer differ although their inputs do: something is broken; their alerts mean nothing. */
  readonly collapsed: readonly string[];
  readonly providers: Readonly<Record<string, { readonly won: string; readonly refused: Readonly<Record<string, string>> }>>;
}

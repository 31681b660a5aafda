/**
 * What crosses the WebSocket `/v1/stream`, subprotocol `edgebind.v1`. Shared by the server, the client library and the dashboard.
 *
 * Text frames are JSON with `op`. With an `encoding` other than `json` a vector comes as one binary frame (see `binary-frame.ts`).
 */
import type { Alert, AlertUpdate, Modality, Score, Sense, SourceState, Space, WindowMeta } from './types.ts';

export const PROTOCOL = 'edgebind.v1';
export const TOKEN_PROTOCOL_PREFIX = 'edgebind.token.';

export type Channel = 'embeddings' | 'fused' | 'alerts' | 'updates' | 'scores' | 'status' | 'samples';
export type Encoding = 'json' | 'f32' | 'f16' | 'i8';

export interface HelloMessage {
  readonly op: 'hello';
  readonly protocol: typeof PROTOCOL;
  readonly server: string;
  /** Changes with each start of the server: a client that sees another one resubscribes and resumes. */
  readonly boot: string;
  readonly timeUs: number;
  readonly spaces: readonly Space[];
  readonly sources: readonly { readonly id: string; readonly modality: Modality; readonly state: SourceState }[];
  /** Cursor of the newest alert. */
  readonly cursor: number;
}

/**
 * The spaces whose vectors may come from now on, the newest first. While one model takes over from another there are two: vectors of
 * the old one still come from sources that have not finished with it. What a client keeps of a space that is gone, it cannot compare.
 */
export interface SpacesMessage {
  readonly op: 'spaces';
  readonly spaces: readonly Space[];
}

/** The vector is in `vector` (json) or behind the header in a binary frame. */
export interface EmbeddingMessage extends WindowMeta {
  readonly op: 'embedding';
  readonly sub: string;
  readonly space: string;
  readonly seq: number;
  readonly publishedUs: number;
  /** How sure the encoder is of what the vector means, 0..1: what a query scores is the cosine times this. Absent: 1. */
  readonly confidence?: number;
  readonly vector?: readonly number[];
  /** `i8` only: `value = scale * i8 / 127`. */
  readonly scale?: number;
}

export interface FusedMessage extends Omit<EmbeddingMessage, 'op' | 'modality' | 'samples' | 'coverage' | 'quality'> {
  readonly op: 'fused';
  /** The tick that it was made for, in event time. */
  readonly tickUs: number;
  readonly present: readonly string[];
  readonly missing: readonly string[];
  /** Of those present, the ones whose last vector is held beyond its age. */
  readonly held: readonly string[];
  /** What each source present weighed, quality and confidence included, as shares of 1. */
  readonly weights: Readonly<Record<string, number>>;
}

/** A raw sample for a dashboard's tile: always a binary frame, its payload described by `format`. */
export interface SampleMessage {
  readonly op: 'sample';
  readonly sub: string;
  readonly source: string;
  readonly modality: Modality;
  readonly seq: number;
  readonly timeUs: number;
  /** `jpeg`; `pcm_s16le` (rateHz); `thermal-f32` (degrees C), `depth-u16` (mm), both with width and height; `imu-f32` rows of 6 (m/s2, rad/s). */
  readonly format: 'jpeg' | 'pcm_s16le' | 'thermal-f32' | 'depth-u16' | 'imu-f32';
  readonly width?: number;
  readonly height?: number;
  readonly rateHz?: number;
  /** End of the newest of several samples in one message (`pcm_s16le`, `imu-f32`); `timeUs` is the start of the oldest. */
  readonly endUs?: number;
  /** Samples between the last message and this one that were left out (`pcm_s16le`, `imu-f32`); absent: none. */
  readonly skipped?: number;
}

export interface AlertMessage extends Alert {
  readonly op: 'alert';
}

/** A raised alert has reached a new height; of each alert the newest counts. Comes on the channel `updates`, never on `alerts`. */
export interface UpdateMessage extends AlertUpdate {
  readonly op: 'update';
  readonly sub: string;
}

export interface ScoreMessage extends Score {
  readonly op: 'score';
  readonly sub: string;
}

export interface StatusMessage {
  readonly op: 'status';
  readonly sub: string;
  readonly source: string;
  readonly state: SourceState;
  readonly reason: string;
}

/** Embeddings or scores or samples of this subscription that were replaced by newer ones before they could be sent. */
export interface LagMessage {
  readonly op: 'lag';
  readonly sub: string;
  readonly conflated: number;
}

export interface Hit {
  readonly source: string;
  readonly modality: Modality;
  readonly score: number;
  readonly startUs: number;
  readonly endUs: number;
}

/** What a query found, best first, and in how much. */
export interface QueryAnswer {
  readonly hits: readonly Hit[];
  readonly space: string;
  readonly searched: number;
  /** Windows in range that are of another space, and cannot be compared. */
  readonly otherSpace: number;
}

export type ServerMessage =
  | HelloMessage
  | SpacesMessage
  | EmbeddingMessage
  | FusedMessage
  | SampleMessage
  | AlertMessage
  | UpdateMessage
  | ScoreMessage
  | StatusMessage
  | LagMessage
  | ({ readonly op: 'results'; readonly id: string } & QueryAnswer)
  | { readonly op: 'pong'; readonly ref?: string }
  /** `ref`: the subscription, or `resume`; `cursor`: alerts after this one follow (for `resume`, and for subscriptions to alerts). */
  | { readonly op: 'ack'; readonly ref: string; readonly cursor?: number; readonly result?: unknown }
  | { readonly op: 'error'; readonly ref: string | null; readonly code: string; readonly message: string }
  | { readonly op: 'bye'; readonly reason: string };

export interface SubscribeMessage {
  readonly op: 'subscribe';
  /** The client's own name for the subscription. */
  readonly sub: string;
  readonly channel: Channel;
  readonly sources?: readonly string[] | undefined;
  /** `fused` for scores and alerts on the fused vector. */
  readonly modalities?: readonly Sense[] | undefined;
  readonly encoding?: Encoding | undefined;
  readonly maxHz?: number | undefined;
}

export type ClientMessage =
  | SubscribeMessage
  | { readonly op: 'unsubscribe'; readonly sub: string }
  | { readonly op: 'resume'; readonly cursor: number }
  | {
      readonly op: 'query';
      readonly id: string;
      readonly text?: string;
      readonly image?: string;
      readonly audio?: string;
      readonly vector?: readonly number[];
      readonly space?: string;
      readonly moment?: { readonly source: string; readonly timeUs: number };
      readonly top: number;
      readonly sinceUs?: number;
      readonly untilUs?: number;
      readonly sources?: readonly string[];
      readonly modalities?: readonly Modality[];
    }
  /** Rules and feedback; each answered with `ack {ref, result}` or `error`. */
  | { readonly op: 'putRule'; readonly ref: string; readonly id: string; readonly rule: unknown }
  | { readonly op: 'tryRule'; readonly ref: string; readonly id: string; readonly rule: unknown }
  | { readonly op: 'deleteRule'; readonly ref: string; readonly id: string }
  | { readonly op: 'feedback'; readonly ref: string; readonly id: string; readonly right?: boolean; readonly acknowledged?: boolean }
  | { readonly op: 'ping'; readonly ref?: string };

import type { Modality } from '../core/types.ts';
import type { HelloMessage } from '../core/wire.ts';
import type { WebSocketConstructor } from './web-socket-like.ts';

export interface ClientOptions {
  /** Token of a server that asks for one; sent as the subprotocol `edgebind.token.<token>`. */
  readonly token?: string;
  /** Default: the global one. Node 20 has none: pass that of the `ws` package. */
  readonly WebSocket?: WebSocketConstructor;
  /** First waiting time before a reconnect; it doubles up to `maxRetryMs`, and half of it is random. Default 250. */
  readonly firstRetryMs?: number;
  /** Default 10,000. */
  readonly maxRetryMs?: number;
  /** After so long without a message the server is asked for a sign of life, after twice that the client reconnects. Default 15,000. */
  readonly silentAfterMs?: number;
  /** A query without an answer fails after so long. Default 30,000. */
  readonly queryTimeoutMs?: number;
  /** Alerts after this cursor are wanted first, e.g. the last one seen before the page was reloaded. Default: only new ones. */
  readonly cursor?: number;
}

/** The life of the connection, as a page can show it. */
export type ClientStatus =
  | { readonly state: 'connecting' }
  | { readonly state: 'open'; readonly hello: HelloMessage }
  | { readonly state: 'reconnecting'; readonly reason: string; readonly retryMs: number }
  | { readonly state: 'closed'; readonly reason: string };

/** What to look for among past moments: exactly one of text, image, audio, vector. */
export interface QueryRequest {
  readonly text?: string;
  /** A picture file, base64. */
  readonly image?: string;
  /** A sound file, base64. */
  readonly audio?: string;
  readonly vector?: readonly number[];
  /** Space of the vector; absent: the present one. */
  readonly space?: string;
  /** What a source gave then. */
  readonly moment?: { readonly source: string; readonly timeUs: number };
  /** How many hits at most. Default 10. */
  readonly top?: number;
  readonly sinceUs?: number;
  readonly untilUs?: number;
  /** Only of these sources. */
  readonly sources?: readonly string[];
  readonly modalities?: readonly Modality[];
}

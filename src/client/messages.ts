import type {
  AlertMessage,
  Channel,
  EmbeddingMessage,
  Encoding,
  FusedMessage,
  SampleMessage,
  ScoreMessage,
  StatusMessage,
  UpdateMessage,
} from '../core/wire.ts';
import type { Sense } from '../core/types.ts';

/** An embedding with its vector decoded, whatever encoding it came in. */
export interface EmbeddingEvent extends Omit<EmbeddingMessage, 'vector' | 'scale'> {
  readonly vector: Float32Array;
}

/** A fused vector, decoded. */
export interface FusedEvent extends Omit<FusedMessage, 'vector' | 'scale'> {
  readonly vector: Float32Array;
}

/** A raw sample for a tile; what `data` holds is said by `format`. */
export interface SampleEvent extends SampleMessage {
  readonly data: Uint8Array;
}

/** What a subscription of each channel is given. */
export interface ChannelMessages {
  readonly embeddings: EmbeddingEvent;
  readonly fused: FusedEvent;
  readonly alerts: AlertMessage;
  /** Raised alerts that go higher. */
  readonly updates: UpdateMessage;
  readonly scores: ScoreMessage;
  readonly status: StatusMessage;
  readonly samples: SampleEvent;
}

/** What to subscribe to. */
export interface SubscribeRequest<C extends Channel = Channel> {
  readonly channel: C;
  /** Ids of sources; absent: all. */
  readonly sources?: readonly string[];
  /** Absent: all; `fused` for scores and alerts on the fused vector. */
  readonly modalities?: readonly Sense[];
  /** How vectors travel. Default `f32`; `f16` halves and `i8` quarters the bytes. */
  readonly encoding?: Encoding;
  /** At most so many messages per second and source, the newest each time. Default: all (`samples`: 5). */
  readonly maxHz?: number;
}

export interface SubscriptionEvents {
  /** So many messages were replaced by newer ones before this connection could take them, since the last call. */
  readonly onLag?: (conflated: number) => void;
  /** The server refused the subscription, e.g. for an unknown source. It is asked again after a reconnect. */
  readonly onError?: (code: string, message: string) => void;
}

/** A running subscription; it survives reconnects until it is ended. */
export interface Subscription {
  /** Its name on the wire. */
  readonly name: string;
  unsubscribe(): void;
}

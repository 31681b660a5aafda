/** The client library, `edgebind/client`: for browsers and Node, without dependencies. */
export { connect } from './connect.ts';
export type { Client } from './client.ts';
export type { ClientOptions, ClientStatus, QueryRequest } from './options.ts';
export type {
  ChannelMessages,
  EmbeddingEvent,
  FusedEvent,
  SampleEvent,
  SubscribeRequest,
  Subscription,
  SubscriptionEvents,
} from './messages.ts';
export type { WebSocketConstructor, WebSocketEvent, WebSocketLike } from './web-socket-like.ts';
export type { AlertMessage, Channel, Encoding, HelloMessage, Hit, ScoreMessage, StatusMessage } from '../core/wire.ts';
export type { Modality, Sense, SourceState, Space } from '../core/types.ts';

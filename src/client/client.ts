import type { BinaryFrame } from '../core/binary-frame.ts';
import { EdgeBindError } from '../core/errors.ts';
import type { Space } from '../core/types.ts';
import { decodeVector } from '../core/vector-codec.ts';
import type {
  AlertMessage,
  Channel,
  EmbeddingMessage,
  FusedMessage,
  HelloMessage,
  Hit,
  SampleMessage,
  ServerMessage,
} from '../core/wire.ts';
import { ActiveSubscription } from './active-subscription.ts';
import { AlertPosition } from './alert-position.ts';
import { Connection } from './connection.ts';
import type { ChannelMessages, SubscribeRequest, Subscription, SubscriptionEvents } from './messages.ts';
import type { ClientOptions, ClientStatus, QueryRequest } from './options.ts';
import { PendingQueries } from './pending-queries.ts';

/** A connection to EdgeBind that stays up. Made by `connect`. */
export class Client {
  readonly #connection: Connection;
  readonly #subscriptions = new Map<string, ActiveSubscription>();
  readonly #queries: PendingQueries;
  readonly #alerts: AlertPosition;
  readonly #statusListeners = new Set<(status: ClientStatus) => void>();
  #status: ClientStatus = { state: 'connecting' };
  readonly #spacesListeners = new Set<(spaces: readonly Space[]) => void>();
  #hello: HelloMessage | undefined;
  #count = 0;

  constructor(url: string, options: ClientOptions) {
    this.#alerts = new AlertPosition(options.cursor);
    this.#queries = new PendingQueries(options.queryTimeoutMs ?? 30_000);
    this.#connection = new Connection(url, options, {
      onMessage: (message) => this.#onMessage(message),
      onFrame: (frame) => this.#onFrame(frame),
      onStatus: (status) => this.#onStatus(status),
    });
    this.#connection.open();
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** The server's newest greeting: its spaces and sources. */
  get hello(): HelloMessage | undefined {
    return this.#hello;
  }

  /** Cursor of the newest alert that was delivered; keep it to resume after a reload. Undefined before the first subscription to alerts. */
  get cursor(): number | undefined {
    return this.#alerts.cursor;
  }

  /** Calls back at once with the present state, then on each change. Returns the way to stop. */
  onStatus(listener: (status: ClientStatus) => void): () => void {
    this.#statusListeners.add(listener);
    listener(this.#status);
    return () => void this.#statusListeners.delete(listener);
  }

  /**
   * Calls back at once with the server's spaces, if they are known, then on each change: the newest first, and behind it one that a
   * new model is just taking over from. Vectors of two spaces cannot be compared. Returns the way to stop.
   */
  onSpaces(listener: (spaces: readonly Space[]) => void): () => void {
    this.#spacesListeners.add(listener);
    if (this.#hello) listener(this.#hello.spaces);
    return () => void this.#spacesListeners.delete(listener);
  }

  /**
   * Messages of one channel, from now on and across reconnects. Alerts come each once and in order, also those that were raised
   * while the connection was away; of everything else only the newest.
   */
  subscribe<C extends Channel>(
    request: SubscribeRequest<C>,
    onMessage: (message: ChannelMessages[C]) => void,
    events: SubscriptionEvents = {},
  ): Subscription {
    this.#count += 1;
    const subscription = new ActiveSubscription(`s${this.#count}`, request, onMessage, events);
    this.#subscriptions.set(subscription.name, subscription);
    if (this.#status.state === 'open') this.#connection.send(subscription.message());
    return {
      name: subscription.name,
      unsubscribe: () => {
        if (this.#subscriptions.delete(subscription.name)) this.#connection.send({ op: 'unsubscribe', sub: subscription.name });
      },
    };
  }

  /** Asks for all kept alerts after `cursor` again (0: all). Subscriptions to alerts get them. */
  resume(cursor: number): void {
    this.#alerts.resume(cursor);
    if (this.#status.state === 'open') this.#connection.send({ op: 'resume', cursor });
  }

  /**
   * Past moments that are most like the query, best first.
   *
   * @throws EdgeBindError (rejects) with the server's code, `NOT_CONNECTED`, `CONNECTION_LOST` or `QUERY_TIMEOUT`
   */
  query(request: QueryRequest): Promise<Hit[]> {
    const { id, hits } = this.#queries.start();
    const isSent = this.#status.state === 'open' && this.#connection.send({ op: 'query', id, top: 10, ...request });
    if (!isSent) this.#queries.fail(id, new EdgeBindError('NOT_CONNECTED', 'no connection to EdgeBind: ask again when status is "open"'));
    return hits;
  }

  /** Ends the connection for good. May be called twice. */
  close(): void {
    this.#connection.close('closed by this client');
  }

  #onStatus(status: ClientStatus): void {
    this.#status = status;
    if (status.state === 'open') {
      this.#hello = status.hello;
      this.#onOpen(status.hello);
    } else {
      this.#queries.failAll(new EdgeBindError('CONNECTION_LOST', 'the connection was lost before the answer came: ask again'));
    }
    for (const listener of this.#statusListeners) listener(status);
    if (status.state === 'open') for (const listener of this.#spacesListeners) listener(status.hello.spaces);
  }

  #onSpaces(spaces: readonly Space[]): void {
    if (this.#hello) this.#hello = { ...this.#hello, spaces };
    for (const listener of this.#spacesListeners) listener(spaces);
  }

  #onOpen(hello: HelloMessage): void {
    const subscriptions = [...this.#subscriptions.values()];
    if (subscriptions.some((subscription) => subscription.channel === 'alerts')) {
      // The position goes first: were it second, an alert that is raised in between would come before older ones.
      this.#connection.send({ op: 'resume', cursor: this.#alerts.onHello(hello.cursor) });
    }
    for (const subscription of subscriptions) this.#connection.send(subscription.message());
  }

  #onMessage(message: ServerMessage): void {
    switch (message.op) {
      case 'alert':
        this.#onAlert(message);
        break;
      case 'spaces':
        this.#onSpaces(message.spaces);
        break;
      case 'embedding':
      case 'fused':
        this.#deliver(message.sub, { ...message, vector: Float32Array.from(message.vector ?? []) });
        break;
      case 'score':
      case 'status':
        this.#deliver(message.sub, message);
        break;
      case 'lag':
        this.#subscriptions.get(message.sub)?.events.onLag?.(message.conflated);
        break;
      case 'ack':
        this.#alerts.onAck(message);
        break;
      case 'results':
        this.#queries.succeed(message.id, message.hits);
        break;
      case 'error':
        this.#onError(message);
        break;
      default:
        break;
    }
  }

  #onFrame({ kind, header, body }: BinaryFrame): void {
    if (kind === 'raw') {
      const message = header as unknown as SampleMessage;
      this.#deliver(message.sub, { ...message, data: body });
      return;
    }
    const { scale, ...message } = header as unknown as EmbeddingMessage | FusedMessage;
    this.#deliver(message.sub, { ...message, vector: decodeVector(kind, body, scale) });
  }

  #deliver(name: string, message: ChannelMessages[Channel]): void {
    this.#subscriptions.get(name)?.deliver(message);
  }

  #onAlert(message: AlertMessage): void {
    if (!this.#alerts.isNew(message.cursor)) return;
    for (const subscription of [...this.#subscriptions.values()]) {
      if (subscription.channel === 'alerts' && subscription.wants(message)) subscription.deliver(message);
    }
  }

  #onError({ ref, code, message }: Extract<ServerMessage, { op: 'error' }>): void {
    if (ref !== null && this.#queries.fail(ref, new EdgeBindError(code, message))) return;
    const onError = ref === null ? undefined : this.#subscriptions.get(ref)?.events.onError;
    if (onError) onError(code, message);
    else console.warn(`edgebind: ${code}: ${message}`);
  }
}

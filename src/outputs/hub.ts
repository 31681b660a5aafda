import type { Fused } from '../core/fused.ts';
import type { Stage } from '../core/ledger.ts';
import type { Alert, AlertUpdate, Embedding, Modality, Sample, Score, Sense, SourceStatus } from '../core/types.ts';
import { PROTOCOL, type Channel } from '../core/wire.ts';
import { ClientSession } from './client-session.ts';
import type { ClientSocket } from './client-socket.ts';
import { MessageHandler, type MessageContext } from './handle-message.ts';
import { DEFAULT_LIMITS, type HubLimits, type HubOptions } from './hub-options.ts';
import { PicturePreviews } from './picture-previews.ts';
import type { Publication } from './publication.ts';
import { SampleBatch } from './sample-batch.ts';
import { SamplePublication } from './sample-publication.ts';
import type { Subscription } from './subscription.ts';
import { TextPublication } from './text-publication.ts';
import { VectorPublication } from './vector-publication.ts';

/** The ledger's source of everything that goes to stream clients. */
const LEDGER_SOURCE = 'ws';
const CHANNELS = ['control', 'alerts', 'embeddings', 'fused', 'updates', 'scores', 'status', 'samples'] as const;

/** What the server does with a connected socket. */
export interface HubClient {
  message(bytes: Uint8Array, isBinary: boolean): void;
  pong(): void;
  /** The connection has ended, for whatever reason. */
  ended(): void;
}

/**
 * Hands what happens to everyone who asked for it over `/v1/stream`, and never waits for anyone: of what a client cannot take
 * only the newest is kept, alerts wait in their log, and who takes nothing at all is cut off. Each client is counted in the
 * ledger's source `ws`: received = emitted + dropped + inFlight, summed over the clients of a channel.
 */
export class Hub {
  readonly limits: HubLimits;
  readonly #options: HubOptions;
  readonly #context: MessageContext;
  readonly #stages = new Map<string, Stage>();
  readonly #sessions = new Set<ClientSession>();
  readonly #byChannel = new Map<Channel, Set<Subscription>>();
  readonly #statuses = new Map<string, SourceStatus>();
  readonly #previews: PicturePreviews;
  readonly #checkMs: number;
  #cancelCheck: (() => void) | undefined;
  #isClosed = false;

  constructor(options: HubOptions) {
    const { clock, ledger, log, alerts, slowClientMs = 10_000, pingMs = 15_000 } = options;
    this.#options = options;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    for (const channel of CHANNELS) {
      const stage = ledger.stage(LEDGER_SOURCE, channel, () => this.#inFlight(stage));
      this.#stages.set(channel, stage);
    }
    this.#context = {
      clock,
      ledger,
      log,
      alerts,
      slowClientMs,
      pingMs,
      limits: this.limits,
      stage: (channel) => this.#stage(channel),
      sources: () => options.sources(),
      ...(options.onQuery ? { onQuery: options.onQuery } : {}),
      ...(options.desk ? { desk: options.desk } : {}),
      subscribed: (subscription) => this.#onSubscribed(subscription),
      unsubscribed: (subscription) => void this.#byChannel.get(subscription.channel)?.delete(subscription),
    };
    const stage: Stage = ledger.stage(LEDGER_SOURCE, 'previews', () => this.#previews.inFlight);
    this.#previews = new PicturePreviews({ clock, log, stage, onPreview: (preview) => this.#offer('samples', preview) });
    this.#checkMs = Math.min(slowClientMs, pingMs) / 4;
  }

  /** Name and version. */
  get server(): string {
    return this.#options.server;
  }

  get clients(): number {
    return this.#sessions.size;
  }

  /** Bytes of all clients that the operating system has not taken yet. */
  get bufferedBytes(): number {
    let bytes = 0;
    for (const session of this.#sessions) bytes += session.bufferedBytes;
    return bytes;
  }

  /** Whether another client may come. */
  get hasRoom(): boolean {
    return !this.#isClosed && this.#sessions.size < this.limits.maxClients;
  }

  /** Greets a client that has connected. The caller passes on what its socket says. */
  connect(socket: ClientSocket, remote: string): HubClient {
    const { boot, server, clock, alerts } = this.#options;
    const session = new ClientSession(socket, remote, this.#context);
    const handler = new MessageHandler(session, this.#context);
    this.#sessions.add(session);
    this.#cancelCheck ??= this.#scheduleCheck();
    session.tell({
      op: 'hello',
      protocol: PROTOCOL,
      server,
      boot,
      timeUs: clock.nowUs(),
      spaces: this.#options.spaces(),
      sources: this.#options.sources(),
      cursor: alerts.newest,
    });
    if (this.#isClosed) session.close(1001, 'the server stops');
    return {
      message: (bytes, isBinary) => handler.handle(bytes, isBinary),
      pong: () => session.pong(),
      ended: () => this.#onEnded(session),
    };
  }

  /** Tells everyone which spaces there are. MUST BE CALLED BEFORE the first vector of a new one is published. */
  publishSpaces(): void {
    for (const session of this.#sessions) session.tell({ op: 'spaces', spaces: this.#options.spaces() });
  }

  publishEmbedding(embedding: Embedding): void {
    if (this.#isWatched('embeddings'))
      this.#offer('embeddings', new VectorPublication('embedding', embedding, this.#options.clock.nowUs()));
  }

  publishFused(fused: Fused): void {
    if (this.#isWatched('fused')) this.#offer('fused', new VectorPublication('fused', fused, this.#options.clock.nowUs()));
  }

  get isScoreWatched(): boolean {
    return this.#isWatched('scores');
  }

  publishScore(score: Score): void {
    if (this.#isWatched('scores')) this.#offer('scores', TextPublication.score(score));
  }

  publishUpdate(update: AlertUpdate): void {
    if (this.#isWatched('updates')) this.#offer('updates', TextPublication.update(update));
  }

  /** THE ALERT MUST BE IN THE ALERT LOG ALREADY: clients are served from there. */
  publishAlert(_alert: Alert): void {
    for (const session of this.#sessions) session.flush();
  }

  publishStatus(status: SourceStatus): void {
    this.#statuses.set(status.source, status);
    if (this.#isWatched('status')) this.#offer('status', TextPublication.status(status, this.#modalityOf(status.source)));
  }

  /** For the tiles of a dashboard. Costs nothing while nobody watches. */
  publishSample(sample: Sample): void {
    if (!this.#isWatched('samples')) return;
    const watchers = [...this.#matching('samples', sample.source, sample.modality)];
    if (watchers.length === 0) return;
    const { payload } = sample;
    switch (payload.kind) {
      case 'rgb24':
      case 'encoded':
        this.#previews.offer({ ...sample, payload }, Math.max(...watchers.map(({ maxHz }) => Math.min(maxHz, MAX_PREVIEW_HZ))));
        break;
      case 'pcm':
      case 'imu':
        for (const watcher of watchers) watcher.offer(new SampleBatch({ ...sample, payload }));
        break;
      case 'thermal': {
        const { width, height, celsius } = payload;
        this.#offer('samples', new SamplePublication(sample, { format: 'thermal-f32', width, height }, bytesOf(celsius)));
        break;
      }
      case 'features':
      case 'array':
        break; // nothing that a person could look at
      case 'depth': {
        const { width, height, mm } = payload;
        this.#offer('samples', new SamplePublication(sample, { format: 'depth-u16', width, height }, bytesOf(mm)));
        break;
      }
    }
  }

  /** Says bye to everyone and takes nobody new. May be called twice. */
  closeAll(reason: string): void {
    this.#isClosed = true;
    this.#cancelCheck?.();
    this.#previews.stop();
    for (const session of this.#sessions) session.close(1001, reason);
    this.#byChannel.clear();
  }

  #stage(channel: string): Stage {
    const stage = this.#stages.get(channel);
    if (!stage) throw new Error(`no stage for channel ${channel}`);
    return stage;
  }

  #inFlight(stage: Stage): number {
    let count = 0;
    for (const session of this.#sessions) count += session.inFlight(stage);
    return count;
  }

  #isWatched(channel: Channel): boolean {
    return (this.#byChannel.get(channel)?.size ?? 0) > 0;
  }

  *#matching(channel: Channel, source: string, modality: Sense | undefined): Iterable<Subscription> {
    for (const subscription of this.#byChannel.get(channel) ?? []) if (subscription.matches(source, modality)) yield subscription;
  }

  #offer(channel: Channel, publication: Publication): void {
    for (const subscription of this.#matching(channel, publication.source, publication.modality)) subscription.offer(publication);
  }

  #onSubscribed(subscription: Subscription): void {
    let subscriptions = this.#byChannel.get(subscription.channel);
    if (!subscriptions) {
      subscriptions = new Set();
      this.#byChannel.set(subscription.channel, subscriptions);
    }
    subscriptions.add(subscription);
    if (subscription.channel !== 'status') return;
    // A status is a state, not an event: who comes late wants to know it too.
    for (const { id, modality, state } of this.#options.sources()) {
      const status = this.#statuses.get(id) ?? { source: id, state, reason: '' };
      if (subscription.matches(id, modality)) subscription.offer(TextPublication.status(status, modality));
    }
  }

  #onEnded(session: ClientSession): void {
    session.ended();
    this.#sessions.delete(session);
  }

  #modalityOf(source: string): Modality | undefined {
    return this.#options.sources().find(({ id }) => id === source)?.modality;
  }

  #scheduleCheck(): () => void {
    return this.#options.clock.after(this.#checkMs, () => {
      this.#cancelCheck = undefined;
      for (const session of this.#sessions) session.check();
      if (this.#sessions.size > 0 && !this.#isClosed) this.#cancelCheck = this.#scheduleCheck();
    });
  }
}

/** However fast a client wants them, pictures for tiles are not made more often. */
const MAX_PREVIEW_HZ = 30;

const bytesOf = (values: Float32Array | Uint16Array): Uint8Array => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

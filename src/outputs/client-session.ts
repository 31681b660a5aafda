import type { Stage } from '../core/ledger.ts';
import type { Channel, ServerMessage } from '../core/wire.ts';
import { AlertFeed } from './alert-feed.ts';
import type { ClientSocket } from './client-socket.ts';
import type { HubLimits, HubOptions } from './hub-options.ts';
import { Outbox } from './outbox.ts';
import { textFrame } from './publication.ts';
import type { Subscription, SubscriptionOwner } from './subscription.ts';
import { TokenBucket } from './token-bucket.ts';

/** Answers and errors that wait; a client that asks on without reading them is cut off. */
const MAX_CONTROL = 256;

export interface SessionContext extends Pick<HubOptions, 'clock' | 'ledger' | 'log' | 'alerts'> {
  readonly limits: HubLimits;
  readonly slowClientMs: number;
  readonly pingMs: number;
  /** Stage of the ledger for what a channel's subscribers are sent. */
  stage(channel: Channel | 'control'): Stage;
  /** A subscription has ended, by wish or with its client. */
  unsubscribed(subscription: Subscription): void;
}

/**
 * One connected client: what waits for it and in which order it goes. Answers first, then alerts, then of everything else the
 * newest, subscriptions taking turns. The socket is fed only while it has room, so that what goes out is fresh.
 */
export class ClientSession implements SubscriptionOwner {
  readonly alerts: AlertFeed;
  readonly subscriptions: Map<string, Subscription> = new Map();
  /** Names the client in logs. */
  readonly remote: string;
  readonly #socket: ClientSocket;
  readonly #context: SessionContext;
  readonly #outbox: Outbox;
  readonly #rate: TokenBucket;
  readonly #control: string[] = [];
  /** Subscriptions that may have something to send, in order of their turns. */
  readonly #ready = new Set<Subscription>();
  readonly #timers = new Map<Subscription, () => void>();
  #heardUs: number;
  #pingedUs: number | undefined;
  #isFlushing = false;
  #isClosed = false;

  constructor(socket: ClientSocket, remote: string, context: SessionContext) {
    const nowUs = context.clock.nowUs();
    this.remote = remote;
    this.alerts = new AlertFeed(context.alerts);
    this.#socket = socket;
    this.#context = context;
    this.#outbox = new Outbox(
      socket,
      context.limits.maxBufferedBytes,
      () => context.clock.nowUs(),
      () => this.flush(),
    );
    this.#rate = new TokenBucket(context.limits.maxMessagesPerSecond, nowUs);
    this.#heardUs = nowUs;
  }

  get isBlocked(): boolean {
    return !this.#outbox.hasRoom;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  get bufferedBytes(): number {
    return this.#outbox.bufferedBytes;
  }

  /** Items of a stage that this client still has to get. */
  inFlight(stage: Stage): number {
    let count = this.#outbox.inFlight(stage);
    for (const subscription of this.subscriptions.values()) if (subscription.stage === stage) count += subscription.size;
    return stage === this.#context.stage('control') ? count + this.#control.length : count;
  }

  /** An answer to this client alone. */
  tell(message: ServerMessage): void {
    if (this.#isClosed) return;
    this.#context.stage('control').receive();
    this.#control.push(JSON.stringify(message));
    if (this.#control.length > MAX_CONTROL) {
      this.terminate(`asks on without reading: ${this.#control.length} answers wait`);
      return;
    }
    this.flush();
  }

  /** A message from the client came in. Whether it may be looked at: false for more than the allowed rate, and the client is closed. */
  hear(): boolean {
    const nowUs = this.#context.clock.nowUs();
    this.#alive(nowUs);
    if (this.#isClosed || this.#rate.take(nowUs)) return !this.#isClosed;
    this.close(1008, `more than ${this.#context.limits.maxMessagesPerSecond} messages per second`);
    return false;
  }

  pong(): void {
    this.#alive(this.#context.clock.nowUs());
  }

  wake(subscription: Subscription): void {
    this.#ready.add(subscription);
    this.flush();
  }

  remove(subscription: Subscription): void {
    this.subscriptions.delete(subscription.name);
    this.#end(subscription, 'unsubscribed');
  }

  /** Sends what may go, as long as the socket has room. */
  flush(): void {
    // Sending may call back at once; the loop below sees what that brought.
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      while (!this.#isClosed && this.#outbox.hasRoom && (this.#sendControl() || this.#sendAlert() || this.#sendUpdate()));
    } finally {
      this.#isFlushing = false;
    }
  }

  /** Cuts off a client that takes nothing or is no longer there; called now and then. */
  check(): void {
    if (this.#isClosed) return;
    const stalledMs = this.#outbox.stalledUs() / 1000;
    if (stalledMs >= this.#context.slowClientMs) {
      this.terminate(`took no byte for ${Math.round(stalledMs)} ms`);
      return;
    }
    const nowUs = this.#context.clock.nowUs();
    const pingUs = this.#context.pingMs * 1000;
    if (this.#pingedUs !== undefined && nowUs - this.#pingedUs >= 2 * pingUs) this.terminate('gave no sign of life');
    else if (this.#pingedUs === undefined && nowUs - this.#heardUs >= pingUs) {
      this.#pingedUs = nowUs;
      this.#socket.ping();
    }
  }

  /** Says bye with a reason, then closes. */
  close(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#context.log.info({ client: this.remote, reason }, 'stream client closed');
    this.#sendNow({ op: 'bye', reason });
    this.#release();
    // The reason of a close frame holds 123 bytes.
    this.#socket.close(code, reason.slice(0, 100));
  }

  terminate(reason: string): void {
    if (this.#isClosed) return;
    this.#context.log.warn({ client: this.remote, reason, bufferedBytes: this.bufferedBytes }, 'stream client cut off');
    this.#release();
    this.#socket.terminate();
  }

  /** The connection ended: what waited is lost and counted. */
  ended(): void {
    this.#release();
    this.#outbox.close();
  }

  /** Before all that waits. */
  #sendNow(message: ServerMessage): void {
    const control = this.#context.stage('control');
    control.receive();
    this.#outbox.send(textFrame(JSON.stringify(message)), control, 1);
  }

  #alive(nowUs: number): void {
    this.#heardUs = nowUs;
    this.#pingedUs = undefined;
  }

  #sendControl(): boolean {
    const json = this.#control.shift();
    if (json === undefined) return false;
    this.#outbox.send(textFrame(json), this.#context.stage('control'), 1);
    return true;
  }

  #sendAlert(): boolean {
    const alert = this.alerts.next((count) => {
      const message = `${count} alerts before this one are no longer kept`;
      this.#sendNow({ op: 'error', ref: 'resume', code: 'ALERTS_GONE', message });
    });
    if (!alert) return false;
    const stage = this.#context.stage('alerts');
    stage.receive();
    this.#outbox.send(textFrame(JSON.stringify({ op: 'alert', ...alert })), stage, 1);
    return true;
  }

  #sendUpdate(): boolean {
    const nowUs = this.#context.clock.nowUs();
    for (const subscription of this.#ready) {
      this.#ready.delete(subscription);
      const conflated = subscription.takeLag(nowUs);
      if (conflated > 0) this.#sendNow({ op: 'lag', sub: subscription.name, conflated });
      const publication = subscription.take(nowUs);
      if (publication) {
        // Behind the others: they take turns.
        this.#ready.add(subscription);
        this.#outbox.send(publication.frame(subscription.name, subscription.encoding), subscription.stage, publication.size);
        return true;
      }
      this.#wakeLater(subscription, nowUs);
      if (conflated > 0) return true;
    }
    return false;
  }

  #wakeLater(subscription: Subscription, nowUs: number): void {
    const dueUs = subscription.nextDueUs();
    if (dueUs === undefined || this.#timers.has(subscription)) return;
    const cancel = this.#context.clock.after(Math.max(0, (dueUs - nowUs) / 1000), () => {
      this.#timers.delete(subscription);
      this.wake(subscription);
    });
    this.#timers.set(subscription, cancel);
  }

  #end(subscription: Subscription, reason: string): void {
    subscription.drop(reason);
    this.alerts.remove(subscription.name);
    this.#ready.delete(subscription);
    this.#timers.get(subscription)?.();
    this.#timers.delete(subscription);
    this.#context.unsubscribed(subscription);
  }

  #release(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#context.stage('control').drop('clientClosed', this.#control.length);
    this.#control.length = 0;
    for (const subscription of this.subscriptions.values()) this.#end(subscription, 'clientClosed');
    this.subscriptions.clear();
  }
}

import type { Alert } from '../core/types.ts';
import type { Channel, SubscribeMessage } from '../core/wire.ts';
import type { ChannelMessages, SubscribeRequest, SubscriptionEvents } from './messages.ts';

/** A subscription as the client keeps it, to ask for it again after a reconnect. */
export class ActiveSubscription {
  readonly name: string;
  readonly events: SubscriptionEvents;
  readonly #request: SubscribeRequest;
  readonly #onMessage: (message: never) => void;

  /** `onMessage` takes what the request's channel carries: `Client.subscribe` sees to that. */
  constructor(name: string, request: SubscribeRequest, onMessage: (message: never) => void, events: SubscriptionEvents) {
    this.name = name;
    this.#request = request;
    this.#onMessage = onMessage;
    this.events = events;
  }

  get channel(): Channel {
    return this.#request.channel;
  }

  /** How the server is asked for it. */
  message(): SubscribeMessage {
    const isVector = this.channel === 'embeddings' || this.channel === 'fused';
    return { op: 'subscribe', sub: this.name, ...(isVector ? { encoding: 'f32' } : {}), ...this.#request };
  }

  /** Alerts come once for all subscriptions together, so that each picks its own. */
  wants({ source, modality }: Alert): boolean {
    const { sources, modalities } = this.#request;
    return (!sources || sources.includes(source)) && (!modalities || modalities.some((wanted) => wanted === modality));
  }

  deliver(message: ChannelMessages[Channel]): void {
    // The server answers a subscription with messages of its channel only, which is what the handler was typed for.
    this.#onMessage(message as never);
  }
}

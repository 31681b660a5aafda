import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { MqttBus, MqttMessage } from './mqtt-bus.ts';
import { topicMatches } from './topic-filter.ts';

export interface ConnectBusOptions {
  /** `mqtt://user:password@host:1883`, also mqtts, ws, wss. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Between attempts to come back. Default 500. */
  readonly reconnectMs?: number;
}

/** Return codes by which a broker refuses version 5: 1 in 3.1.1's words, 132 in 5's own. */
const REFUSES_VERSION_5 = new Set([1, 132]);

/**
 * Connects to a broker, in MQTT 5 where it speaks that and in 3.1.1 where not, and stays connected: lost connections come back,
 * with their subscriptions. Nothing is queued while the broker is away: `publish` says so and the caller counts.
 */
export function connectBus(options: ConnectBusOptions): MqttBus {
  return new Bus(options);
}

interface Listener {
  readonly filter: string;
  readonly onMessage: (message: MqttMessage) => void;
}

class Bus implements MqttBus {
  readonly url: string;
  readonly #options: ConnectBusOptions;
  readonly #listeners = new Set<Listener>();
  readonly #watchers = new Set<(connected: boolean, reason: string) => void>();
  #client: MqttClient;
  #version: 4 | 5 = 5;
  #isConnected = false;
  #reason: string;
  #isStopped = false;

  constructor(options: ConnectBusOptions) {
    this.#options = options;
    this.url = withoutPassword(options.url);
    this.#reason = `connecting to ${this.url}`;
    this.#client = this.#connect();
  }

  subscribe(filter: string, onMessage: (message: MqttMessage) => void): () => void {
    const listener = { filter, onMessage };
    const isFirst = !this.#hasListener(filter);
    this.#listeners.add(listener);
    if (isFirst && this.#isConnected) this.#client.subscribe(filter);
    return () => {
      this.#listeners.delete(listener);
      if (!this.#hasListener(filter) && this.#isConnected) this.#client.unsubscribe(filter);
    };
  }

  onConnection(listener: (connected: boolean, reason: string) => void): () => void {
    this.#watchers.add(listener);
    listener(this.#isConnected, this.#reason);
    return () => this.#watchers.delete(listener);
  }

  publish(topic: string, payload: Uint8Array | string, { retain = false }: { retain?: boolean } = {}): boolean {
    if (!this.#isConnected) return false;
    this.#client.publish(
      topic,
      typeof payload === 'string' ? payload : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
      { retain },
    );
    return true;
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#tell(false, 'stopped');
    await this.#client.endAsync(true).catch(() => undefined);
  }

  #connect(): MqttClient {
    const { url, clock, reconnectMs = 500 } = this.#options;
    const settings: IClientOptions = {
      protocolVersion: this.#version,
      reconnectPeriod: reconnectMs,
      connectTimeout: 5000,
      // Resubscribed by hand below; a queue of MQTT.js would grow without bound while the broker is away.
      resubscribe: false,
      queueQoSZero: false,
      clean: true,
    };
    const client = connect(url, settings);
    client.on('connect', () => {
      for (const filter of new Set([...this.#listeners].map((listener) => listener.filter))) client.subscribe(filter);
      this.#tell(true, '');
    });
    client.on('close', () => this.#tell(false, this.#reason || `the connection to ${this.url} was lost`));
    client.on('error', (error) => {
      const code = 'code' in error ? error.code : undefined;
      if (this.#version === 5 && !this.#isConnected && typeof code === 'number' && REFUSES_VERSION_5.has(code)) this.#fallBack(client);
      else this.#tell(false, `${this.url}: ${messageOf(error) || 'cannot connect'}`);
    });
    client.on('message', (topic, payload, packet) => {
      const userProperties = packet.properties?.userProperties as MqttMessage['userProperties'];
      const message = { topic, payload, arrivalUs: clock.nowUs(), ...(userProperties && { userProperties }) };
      for (const listener of this.#listeners) if (topicMatches(listener.filter, topic)) listener.onMessage(message);
    });
    return client;
  }

  #fallBack(refused: MqttClient): void {
    this.#version = 4;
    this.#options.log.info({ broker: this.url }, 'the broker does not speak MQTT 5; going on with 3.1.1 (stamps: use envelope: stamp16)');
    refused.removeAllListeners();
    refused.on('error', () => undefined);
    refused.end(true);
    if (!this.#isStopped) this.#client = this.#connect();
  }

  #hasListener(filter: string): boolean {
    return [...this.#listeners].some((listener) => listener.filter === filter);
  }

  #tell(connected: boolean, reason: string): void {
    if (connected === this.#isConnected && reason === this.#reason) return;
    this.#isConnected = connected;
    this.#reason = reason;
    for (const watcher of this.#watchers) watcher(connected, reason);
  }
}

/** @throws EdgeBindError `BAD_BROKER_URL` */
function withoutPassword(url: string): string {
  try {
    const parsed = new URL(url);
    parsed.username = '';
    parsed.password = '';
    return parsed.href.replace(/\/$/, '');
  } catch (cause) {
    throw new EdgeBindError('BAD_BROKER_URL', 'broker.url is not a URL; wanted e.g. mqtt://127.0.0.1:1883', { cause });
  }
}

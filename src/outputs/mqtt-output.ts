import { hostname } from 'node:os';
import { connect, type MqttClient } from 'mqtt';
import { encodeFrame } from '../core/binary-frame.ts';
import type { AlertLog } from '../core/alert-log.ts';
import { messageOf } from '../core/errors.ts';
import type { Fused } from '../core/fused.ts';
import type { Ledger, Stage } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding, SourceStatus } from '../core/types.ts';
import { encodeVector } from '../core/vector-codec.ts';
import { withVector } from '../core/with-vector.ts';
import type { Encoding } from '../core/wire.ts';

export interface MqttOutputOptions {
  /** `mqtt://USER:PASSWORD@HOST:1883`, also mqtts, ws, wss. */
  readonly url: string;
  /** First part of all topics; `{host}` stands for this machine's name. */
  readonly topic: string;
  /** How vectors are written; `none`: they are not published. */
  readonly encoding: Encoding | 'none';
  /** Holds an alert before `publishAlert` is called. */
  readonly alerts: AlertLog;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** The ledger's source of what goes to the broker. */
const LEDGER_SOURCE = 'mqtt';
/** Alerts that the broker has not confirmed yet; the others wait in their log. */
const MAX_UNCONFIRMED = 16;
/** Messages that the connection has not taken yet; of the vectors beyond that the newest of each source waits. */
const MAX_UNSENT = 8;
const RECONNECT_MS = 1000;
const END_WITHIN_MS = 1000;

/**
 * Publishes alerts (QoS 1), states of sources (retained) and vectors (QoS 0) to a broker, which may come and go: alerts wait for it
 * in the alert log, of states the present ones are said again, vectors are dropped as `brokerAway`. A broker that takes nothing costs
 * no memory. Speaks MQTT 3.1.1, which every broker does.
 */
export class MqttOutput {
  readonly #options: MqttOutputOptions;
  readonly #topic: string;
  readonly #client: MqttClient;
  readonly #alerts: Stage;
  readonly #vectors: Stage;
  readonly #statuses: Stage;
  readonly #states = new Map<string, SourceStatus>();
  /** Of each source the newest vector that waits for the connection. */
  readonly #waiting = new Map<string, Embedding | Fused>();
  /** Cursor of the newest alert that is to go out, and of the newest that was handed to the client. */
  #newest: number;
  #position: number;
  #unconfirmed = 0;
  #unsent = 0;
  /** Counts connections: what an earlier one has not taken is lost and never reported. */
  #connection = 0;
  #isConnected = false;
  #isStopped = false;

  constructor(options: MqttOutputOptions) {
    const { url, topic, alerts, ledger, log } = options;
    this.#options = options;
    this.#topic = topic.replaceAll('{host}', hostname());
    this.#newest = alerts.newest;
    this.#position = alerts.newest;
    this.#alerts = ledger.stage(LEDGER_SOURCE, 'alerts', () => this.#newest - this.#position + this.#unconfirmed);
    this.#vectors = ledger.stage(LEDGER_SOURCE, 'embeddings', () => this.#waiting.size + this.#unsent);
    this.#statuses = ledger.stage(LEDGER_SOURCE, 'status');
    this.#client = connect(url, {
      protocolVersion: 4,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: 5000,
      keepalive: 15,
      queueQoSZero: false,
      will: { topic: `${this.#topic}/status`, payload: Buffer.from(stateText('offline')), qos: 1, retain: true },
    });
    this.#client.on('connect', () => this.#onConnect());
    this.#client.on('close', () => this.#onClose());
    this.#client.on('error', (error) =>
      log.warn({ topic: this.#topic, error: messageOf(error) }, 'outputs.mqtt: the broker cannot be reached'),
    );
  }

  /** For `/api/v1/status`. */
  describe(): { readonly kind: 'mqtt'; readonly topic: string; readonly state: 'live' | 'reconnecting' } {
    return { kind: 'mqtt', topic: this.#topic, state: this.#isConnected ? 'live' : 'reconnecting' };
  }

  publishAlert(): void {
    const { newest } = this.#options.alerts;
    this.#alerts.receive(newest - this.#newest);
    this.#newest = newest;
    this.#sendAlerts();
  }

  publishStatus(status: SourceStatus): void {
    this.#states.set(status.source, status);
    this.#statuses.receive();
    // What is not said now is said when the broker is back, as far as it is still true.
    if (!this.#isConnected) this.#statuses.drop('brokerAway');
    else {
      this.#say(status);
      this.#statuses.emit();
    }
  }

  publishVector(vector: Embedding | Fused): void {
    if (this.#options.encoding === 'none') return;
    this.#vectors.receive();
    if (!this.#isConnected) this.#vectors.drop('brokerAway');
    else {
      if (this.#waiting.delete(vector.source)) this.#vectors.drop('superseded');
      this.#waiting.set(vector.source, vector);
      this.#sendVectors();
    }
  }

  /** Says `offline`, gives what is under way a second to go out, then closes. May be called twice. */
  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    if (this.#isConnected) this.#client.publish(`${this.#topic}/status`, stateText('offline'), { qos: 1, retain: true });
    const giveUp = this.#options.clock.after(END_WITHIN_MS, () => this.#client.end(true));
    await this.#client.endAsync(!this.#isConnected).catch(() => undefined);
    giveUp();
    this.#onClose();
    this.#alerts.drop('stopped', this.#newest - this.#position + this.#unconfirmed);
    this.#position = this.#newest;
    this.#unconfirmed = 0;
  }

  #onConnect(): void {
    this.#connection++;
    this.#isConnected = true;
    this.#client.publish(`${this.#topic}/status`, stateText('online'), { qos: 1, retain: true });
    for (const status of this.#states.values()) this.#say(status);
    this.#sendAlerts();
  }

  #onClose(): void {
    this.#isConnected = false;
    this.#connection++;
    this.#vectors.drop('brokerAway', this.#unsent + this.#waiting.size);
    this.#unsent = 0;
    this.#waiting.clear();
  }

  #say(status: SourceStatus): void {
    const text = JSON.stringify({ ...status, timeUs: this.#options.clock.nowUs() });
    this.#client.publish(`${this.#topic}/status/${status.source}`, text, { retain: true });
  }

  #sendAlerts(): void {
    while (this.#isConnected && !this.#isStopped && this.#unconfirmed < MAX_UNCONFIRMED && this.#position < this.#newest) {
      const [alert] = this.#options.alerts.after(this.#position, 1);
      const next = alert?.cursor ?? this.#newest + 1;
      this.#alerts.drop('alertsGone', Math.min(next, this.#newest + 1) - this.#position - 1);
      this.#position = Math.min(next, this.#newest);
      if (!alert) return;
      this.#unconfirmed++;
      // Of what the broker has not confirmed the client itself keeps a copy, and sends it again after a reconnect.
      this.#client.publish(`${this.#topic}/alerts/${alert.rule}`, JSON.stringify({ op: 'alert', ...alert }), { qos: 1 }, (error) => {
        if (this.#unconfirmed === 0) return; // given up by stop()
        this.#unconfirmed--;
        if (error) this.#alerts.drop('refused');
        else this.#alerts.emit();
        this.#sendAlerts();
      });
    }
  }

  #sendVectors(): void {
    for (const [source, vector] of this.#waiting) {
      if (this.#unsent >= MAX_UNSENT) return;
      this.#waiting.delete(source);
      this.#unsent++;
      const connection = this.#connection;
      this.#client.publish(`${this.#topic}/embeddings/${source}`, this.#payload(vector), {}, (error) => {
        if (connection !== this.#connection) return;
        this.#unsent--;
        if (error) this.#vectors.drop('brokerAway');
        else this.#vectors.emit();
        this.#sendVectors();
      });
    }
  }

  #payload({ vector, ...meta }: Embedding | Fused): Buffer | string {
    const { encoding, clock } = this.#options;
    const header = { op: 'modality' in meta ? 'embedding' : 'fused', ...meta, publishedUs: clock.nowUs() };
    if (encoding === 'json' || encoding === 'none') return withVector(header, vector);
    const { bytes, scale } = encodeVector(encoding, vector);
    return Buffer.from(encodeFrame(encoding, JSON.stringify({ ...header, ...(scale !== undefined && { scale }) }), bytes).buffer);
  }
}

const stateText = (state: 'online' | 'offline'): string => JSON.stringify({ state });

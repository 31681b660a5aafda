import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { AlertLog } from '../../src/core/alert-log.ts';
import { decodeFrame, type BinaryFrame } from '../../src/core/binary-frame.ts';
import { Ledger } from '../../src/core/ledger.ts';
import { silentLog } from '../../src/core/log.ts';
import { hostClock } from '../../src/core/time.ts';
import type { Alert, Embedding } from '../../src/core/types.ts';
import type { ApiHandlers } from '../../src/outputs/api-handlers.ts';
import type { HubOptions } from '../../src/outputs/hub-options.ts';
import { Hub } from '../../src/outputs/hub.ts';
import { startServer, type Server, type ServerOptions } from '../../src/outputs/http-server.ts';

/** An alert log in memory that keeps the newest `keep`. */
export class MemoryAlertLog implements AlertLog {
  readonly keep: number;
  #alerts: Alert[] = [];

  constructor(keep = 1000) {
    this.keep = keep;
  }

  get newest(): number {
    return this.#alerts.at(-1)?.cursor ?? 0;
  }

  after(cursor: number, limit: number): readonly Alert[] {
    return this.#alerts.filter((alert) => alert.cursor > cursor).slice(0, limit);
  }

  append(fields: Partial<Alert> = {}): Alert {
    const cursor = this.newest + 1;
    const alert: Alert = {
      cursor,
      id: `a${cursor}`,
      rule: 'glass',
      state: cursor % 2 === 1 ? 'raised' : 'cleared',
      source: 'mic',
      modality: 'audio',
      score: 0.4,
      threshold: 0.3,
      startUs: 1_000_000 * cursor,
      endUs: 1_000_000 * cursor + 960_000,
      query: 'glass breaking',
      ...fields,
    };
    this.#alerts = [...this.#alerts, alert].slice(-this.keep);
    return alert;
  }
}

export const embedding = (seq: number, vector: Float32Array, source = 'mic'): Embedding => ({
  source,
  modality: source === 'mic' ? 'audio' : 'image',
  space: 'space-1',
  seq,
  startUs: 1_700_000_000_000_000 + seq * 480_000,
  endUs: 1_700_000_000_960_000 + seq * 480_000,
  errorUs: 120,
  samples: { first: seq * 10, last: seq * 10 + 19, missing: 0 },
  coverage: 1,
  vector,
});

export const quietApi: ApiHandlers = {
  status: () => ({ ok: true }),
  ledger: () => [],
  alerts: () => [],
  rules: () => [],
  putRule: (id, body) => Promise.resolve({ id, body }),
  deleteRule: () => Promise.resolve(),
  search: () => Promise.resolve({}),
  known: () => Promise.resolve({ senses: [] }),
  ready: () => ({ ready: true, reasons: [] }),
};

export interface StreamServer {
  readonly server: Server;
  readonly hub: Hub;
  readonly ledger: Ledger;
  readonly log: MemoryAlertLog;
  /** Appends an alert and tells the hub. */
  readonly raise: (fields?: Partial<Alert>) => Alert;
}

/** A real server on a free port of loopback. */
export async function startStreamServer(
  options: Partial<HubOptions> & { readonly log?: never; readonly alertLog?: MemoryAlertLog } = {},
  serverOptions: Partial<ServerOptions> = {},
): Promise<StreamServer> {
  const log = options.alertLog ?? new MemoryAlertLog();
  const ledger = new Ledger();
  const hub = new Hub({
    clock: hostClock,
    ledger,
    boot: `boot-${Math.random()}`,
    server: 'edgebind test',
    spaces: () => [{ id: 'space-1', name: 'test', dim: 4 }],
    sources: () => [
      { id: 'mic', modality: 'audio', state: 'live' },
      { id: 'front', modality: 'image', state: 'live' },
      { id: 'wrist', modality: 'imu', state: 'silent' },
    ],
    alerts: log,
    ...options,
    log: silentLog,
  });
  const server = await startServer({
    host: '127.0.0.1',
    port: 0,
    hub,
    api: { ...quietApi, ledger: () => ledger.lines(), alerts: (after, limit) => log.after(after, limit) },
    ledger,
    clock: hostClock,
    log: silentLog,
    ...serverOptions,
  });
  const raise = (fields?: Partial<Alert>): Alert => {
    const alert = log.append(fields);
    hub.publishAlert(alert);
    return alert;
  };
  return { server, hub, ledger, log, raise };
}

export type Received = { readonly json: Record<string, unknown> } | { readonly frame: BinaryFrame };

/** A client that speaks the protocol by hand, as someone without our library would. */
export class RawClient {
  readonly socket: WebSocket;
  readonly received: Received[] = [];
  closeCode: number | undefined;
  #listeners = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      const bytes = data as Buffer;
      this.received.push(
        isBinary ? { frame: decodeFrame(bytes) } : { json: JSON.parse(bytes.toString('utf8')) as Record<string, unknown> },
      );
      this.#changed();
    });
    socket.on('close', (code) => {
      this.closeCode = code;
      this.#changed();
    });
    socket.on('error', () => undefined);
  }

  /** Resolves after the first message, which must be `hello`. */
  static async open(url: string, protocols: string[] = ['edgebind.v1'], headers: Record<string, string> = {}): Promise<RawClient> {
    const client = new RawClient(new WebSocket(`${url.replace('http', 'ws')}/v1/stream`, protocols, { headers }));
    await client.until(() => client.received.length > 0 || client.closeCode !== undefined);
    return client;
  }

  get hello(): Record<string, unknown> {
    const first = this.received[0];
    return first && 'json' in first ? first.json : {};
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** All JSON messages of an op so far. */
  all(op: string): Record<string, unknown>[] {
    return this.received.flatMap((one) => ('json' in one && one.json['op'] === op ? [one.json] : []));
  }

  frames(): BinaryFrame[] {
    return this.received.flatMap((one) => ('frame' in one ? [one.frame] : []));
  }

  /** Says something and waits for its answer. */
  async ask(message: object | string, op: string): Promise<Record<string, unknown>> {
    const before = this.all(op).length;
    this.say(message);
    await this.until(() => this.all(op).length > before);
    return this.all(op)[before] ?? {};
  }

  until(condition: () => boolean, timeoutMs = 10_000): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#listeners.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#listeners.delete(check);
        reject(
          new Error(`waited ${timeoutMs} ms; received: ${JSON.stringify(this.received.slice(-5))}, closed: ${String(this.closeCode)}`),
        );
      }, timeoutMs);
      this.#listeners.add(check);
    });
  }

  /** Stops reading from the socket: the kernel's buffers fill, then the server's. */
  stopReading(): void {
    (this.socket as unknown as { _socket: Socket })._socket.pause();
  }

  readAgain(): void {
    (this.socket as unknown as { _socket: Socket })._socket.resume();
  }

  end(): void {
    this.socket.terminate();
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

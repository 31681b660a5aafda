import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData, type WebSocket } from 'ws';
import type { Log } from '../core/log.ts';
import { PROTOCOL } from '../core/wire.ts';
import type { AccessGuard, Refusal } from './access-guard.ts';
import type { ClientSocket } from './client-socket.ts';
import type { Hub } from './hub.ts';

const PATH = '/v1/stream';

interface UpgradeOptions {
  readonly guard: AccessGuard;
  readonly hub: Hub;
  readonly log: Log;
}

/** Turns upgrade requests of `/v1/stream` into clients of the hub, and refuses all others with a reason. */
export class StreamUpgrade {
  readonly #guard: AccessGuard;
  readonly #hub: Hub;
  readonly #log: Log;
  readonly #server: WebSocketServer;

  constructor({ guard, hub, log }: UpgradeOptions) {
    this.#guard = guard;
    this.#hub = hub;
    this.#log = log;
    this.#server = new WebSocketServer({
      noServer: true,
      // Twice what is read, so that a message a bit too long is answered with words instead of a closed connection.
      maxPayload: 2 * hub.limits.maxMessageBytes,
      // Vectors do not compress, and a deflate window per client costs memory.
      perMessageDeflate: false,
      handleProtocols: () => PROTOCOL,
    });
  }

  /** Listener of the HTTP server's `upgrade` event. */
  readonly onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy());
    const refused = this.#refusal(request);
    if (refused) {
      this.#log.info({ client: remoteOf(request), code: refused.code }, 'stream client refused');
      refuse(socket, refused);
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#connect(webSocket, remoteOf(request)));
  };

  /** Cuts off those that have not closed within `graceMs` of the bye. */
  async close(graceMs: number): Promise<void> {
    const { clients } = this.#server;
    const gone = Promise.all([...clients].map((client) => new Promise((resolve) => client.once('close', resolve))));
    const timer = setTimeout(() => {
      for (const client of clients) client.terminate();
    }, graceMs);
    await gone;
    clearTimeout(timer);
    this.#server.close();
  }

  #refusal(request: IncomingMessage): Refusal | undefined {
    const { headers, url = '/' } = request;
    const path = url.split('?', 1)[0] ?? '';
    if (path !== PATH) return { status: 404, code: 'NOT_FOUND', message: `no stream at ${path.slice(0, 80)}, it is at ${PATH}` };
    const protocols = (headers['sec-websocket-protocol'] ?? '')
      .split(',')
      .map((protocol) => protocol.trim())
      .filter(Boolean);
    const { host, origin, authorization } = headers;
    const refused = this.#guard.refuses({ host, origin, authorization, protocols }, false);
    if (refused) return refused;
    if (protocols.length > 0 && !protocols.includes(PROTOCOL)) {
      return {
        status: 400,
        code: 'UNKNOWN_PROTOCOL',
        message: `this server speaks the subprotocol ${PROTOCOL}, and it was not among those offered`,
      };
    }
    if (this.#hub.hasRoom) return undefined;
    return {
      status: 503,
      code: 'TOO_MANY_CLIENTS',
      message: `${this.#hub.limits.maxClients} clients are connected, and no more are taken`,
    };
  }

  #connect(webSocket: WebSocket, remote: string): void {
    const client = this.#hub.connect(socketOf(webSocket), remote);
    webSocket.on('message', (data, isBinary) => client.message(bytesOf(data), isBinary));
    webSocket.on('pong', () => client.pong());
    webSocket.on('close', () => client.ended());
    // Broken frames and messages over the limit: `ws` closes with the right code by itself.
    webSocket.on('error', (error) => this.#log.info({ client: remote, error: error.message }, 'stream client broke the protocol'));
  }
}

const socketOf = (webSocket: WebSocket): ClientSocket => ({
  get bufferedAmount() {
    return webSocket.bufferedAmount;
  },
  send: (bytes, isBinary, done) => webSocket.send(bytes, { binary: isBinary }, done),
  ping: () => webSocket.ping(),
  close: (code, reason) => webSocket.close(code, reason),
  terminate: () => webSocket.terminate(),
});

function bytesOf(data: RawData): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return Array.isArray(data) ? Buffer.concat(data) : data;
}

const remoteOf = ({ socket }: IncomingMessage): string => `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`;

function refuse(socket: Duplex, { status, code, message }: Refusal): void {
  const body = JSON.stringify({ code, message });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 401 ? ['WWW-Authenticate: Bearer'] : []),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

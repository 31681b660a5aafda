import { Backoff } from '../core/backoff.ts';
import { decodeFrame, type BinaryFrame } from '../core/binary-frame.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import type { ClientMessage, ServerMessage } from '../core/wire.ts';
import type { ClientOptions, ClientStatus } from './options.ts';
import { streamUrl, subprotocols } from './stream-url.ts';
import type { WebSocketConstructor, WebSocketLike } from './web-socket-like.ts';

const OPEN = 1;
/** A connection that lived for so long was a good one: the next retry is quick again. */
const GOOD_AFTER_MS = 5_000;

export interface ConnectionHandlers {
  onMessage(message: ServerMessage): void;
  onFrame(frame: BinaryFrame): void;
  onStatus(status: ClientStatus): void;
}

/** One stream that stays up: reconnects with backoff and jitter, and notices a server that went away without a word. */
export class Connection {
  readonly #url: string;
  readonly #protocols: string[];
  readonly #make: WebSocketConstructor;
  readonly #handlers: ConnectionHandlers;
  readonly #backoff: Backoff;
  readonly #silentAfterMs: number;
  #socket: WebSocketLike | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #silenceTimer: ReturnType<typeof setInterval> | undefined;
  #silentTicks = 0;
  #openedAtMs = 0;
  #bye: string | undefined;
  #isClosed = false;

  /** @throws UsageError for a bad URL, or where there is no WebSocket */
  constructor(url: string, options: ClientOptions, handlers: ConnectionHandlers) {
    this.#url = streamUrl(url);
    this.#protocols = subprotocols(options.token);
    this.#make = options.WebSocket ?? globalWebSocket();
    this.#handlers = handlers;
    this.#backoff = new Backoff({ firstMs: options.firstRetryMs ?? 250, maxMs: options.maxRetryMs ?? 10_000 });
    this.#silentAfterMs = options.silentAfterMs ?? 15_000;
  }

  open(): void {
    const socket = new this.#make(this.#url, this.#protocols);
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#bye = undefined;
    this.#openedAtMs = Infinity;
    this.#silentTicks = 0;
    let problem = '';
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#receive(data);
    });
    socket.addEventListener('error', ({ message }) => (problem = message ?? problem));
    socket.addEventListener('close', ({ code, reason }) => {
      if (socket === this.#socket) this.#lost(this.#bye ?? (reason || problem || `the connection closed (code ${code ?? 1006})`));
    });
    clearInterval(this.#silenceTimer);
    this.#silenceTimer = setInterval(() => this.#onSilence(), this.#silentAfterMs);
  }

  /** False where there is no connection; nothing waits. */
  send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000, 'done');
    this.#handlers.onStatus({ state: 'closed', reason });
  }

  #receive(data: unknown): void {
    this.#silentTicks = 0;
    if (data instanceof ArrayBuffer) {
      const frame = readOrNothing(() => decodeFrame(new Uint8Array(data)));
      if (frame) this.#handlers.onFrame(frame);
      return;
    }
    const message = readOrNothing(() => JSON.parse(String(data)) as ServerMessage);
    if (!message) return;
    if (message.op === 'bye') this.#bye = message.reason;
    if (message.op === 'hello') {
      this.#openedAtMs = Date.now();
      this.#handlers.onStatus({ state: 'open', hello: message });
    }
    this.#handlers.onMessage(message);
  }

  /** Browsers do not show the protocol's own pings, so the sign of life is asked for in the stream. */
  #onSilence(): void {
    this.#silentTicks += 1;
    if (this.#silentTicks <= 2) {
      this.send({ op: 'ping' });
      return;
    }
    this.#socket?.close();
    // A dead network never answers the closing handshake: do not wait for its event.
    this.#lost(`no sign of life for ${3 * this.#silentAfterMs} ms`);
  }

  #lost(reason: string): void {
    this.#socket = undefined;
    clearInterval(this.#silenceTimer);
    if (Date.now() - this.#openedAtMs >= GOOD_AFTER_MS) this.#backoff.reset();
    const longest = this.#backoff.next();
    // Half of the time is random, so that the clients of a server that restarts do not all come at once.
    const retryMs = Math.round(longest / 2 + (Math.random() * longest) / 2);
    this.#retryTimer = setTimeout(() => this.open(), retryMs);
    this.#handlers.onStatus({ state: 'reconnecting', reason, retryMs });
  }
}

function globalWebSocket(): WebSocketConstructor {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketConstructor };
  if (WebSocket) return WebSocket;
  throw new UsageError('NO_WEBSOCKET', 'this runtime has no global WebSocket: npm install ws, and pass {WebSocket} from it to connect()');
}

/** What cannot be read is skipped: a newer server may say more than this client knows. */
function readOrNothing<T extends object>(read: () => T): T | undefined {
  try {
    const value = read();
    return typeof value === 'object' ? value : undefined;
  } catch (error) {
    console.warn(`edgebind: skipped a message: ${messageOf(error)}`);
    return undefined;
  }
}

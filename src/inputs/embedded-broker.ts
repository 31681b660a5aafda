import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { messageOf } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { portOwner } from './port-owner.ts';

export interface EmbeddedBroker {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
}

export interface EmbeddedBrokerOptions {
  /** Default 1883; 0 takes a free one. Taken: said, and a free one is chosen. */
  readonly port?: number;
  readonly log: Log;
}

const HOST = '127.0.0.1';
/** A subscriber that does not read costs at most so many messages. */
const MAX_QUEUED = 100;
/** One message; a raw picture of 10 megapixels fits. */
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** An MQTT 3.1.1 broker on loopback, for sensors on this machine where no broker is named. */
export async function startBroker({ port = 1883, log }: EmbeddedBrokerOptions): Promise<EmbeddedBroker> {
  const aedes = await Aedes.createBroker({ concurrency: MAX_QUEUED, maxClientsIdLength: 256 });
  aedes.on('clientError', (client, error) => log.debug({ client: client.id, error: error.message }, 'embedded broker: client error'));
  aedes.on('connectionError', (_client, error) => log.debug({ error: error.message }, 'embedded broker: connection error'));
  // Checked before a message is handed to anyone, so that nobody can fill the memory through the broker.
  aedes.authorizePublish = (_client, packet, done) => {
    done(
      packet.payload.length > MAX_MESSAGE_BYTES
        ? new Error(`message of ${packet.payload.length} bytes; at most ${MAX_MESSAGE_BYTES}`)
        : null,
    );
  };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => {
      aedes.close(() => resolve());
    });
    const ended = server.listening ? once(server, 'close') : undefined;
    server.close();
    for (const socket of sockets) socket.destroy();
    await Promise.all([closed, ended]);
  };
  try {
    const got = await listen(server, port, log);
    return { url: `mqtt://${HOST}:${got}`, port: got, stop };
  } catch (error) {
    // Its timers would keep the process alive.
    await stop();
    throw error;
  }
}

async function listen(server: Server, wanted: number, log: Log): Promise<number> {
  for (const port of [wanted, 0]) {
    server.listen(port, HOST);
    const error = await once(server, 'listening').then(
      () => undefined,
      (cause: unknown) => (cause instanceof Error ? cause : new Error(messageOf(cause))),
    );
    if (!error) break;
    if (!('code' in error) || error.code !== 'EADDRINUSE' || port === 0) throw error;
    const owner = await portOwner(port);
    log.warn(
      { port, owner },
      `port ${port} is taken${owner ? ` by ${owner}` : ''}: another one is used for the embedded broker. To use the broker that is there set broker: {url: "mqtt://127.0.0.1:${port}"}; \`ss -ltnp\` shows who listens`,
    );
  }
  const address = server.address();
  return typeof address === 'object' && address ? address.port : wanted;
}

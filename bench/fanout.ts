import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { WebSocket, WebSocketServer } from 'ws';
import { encodeFrame } from '../src/core/binary-frame.ts';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import type { Embedding } from '../src/core/types.ts';
import { encodeVector } from '../src/core/vector-codec.ts';
import { Hub } from '../src/outputs/hub.ts';
import { startServer } from '../src/outputs/http-server.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'fanout';

const DIM = 512;
const RUNS = 5;
const RATE = 'messages per second to all clients together; more is better';
const COST = "microseconds of the server's processor time per message and client; less is better";
/** Set in the readers' process. */
const READERS = 'EDGEBIND_FANOUT_READERS';

/** One way to hand vectors to everyone who is connected. */
interface Broadcaster {
  readonly url: string;
  readonly clients: () => number;
  publish(embedding: Embedding): void;
  /** Bytes that the operating system has not taken yet. */
  readonly waiting: () => number;
  close(): Promise<void>;
}

interface Case {
  readonly name: string;
  readonly clients: number;
  readonly encoding: 'json' | 'f32';
  /** Whether every client calls its subscription something else, so that no bytes can be shared. */
  readonly ownNames: boolean;
}

const CASES: readonly Case[] = [
  { name: '1 client, f32', clients: 1, encoding: 'f32', ownNames: false },
  { name: '20 clients, f32', clients: 20, encoding: 'f32', ownNames: false },
  { name: '20 clients, f32, other subscription names', clients: 20, encoding: 'f32', ownNames: true },
  { name: '20 clients, json', clients: 20, encoding: 'json', ownNames: false },
  { name: '100 clients, f32', clients: 100, encoding: 'f32', ownNames: false },
];

/**
 * Vectors of 2 kB to N clients through the hub (subscriptions, filters, conflation, ledger), against the least that can be done:
 * a loop of `ws` that sends the same bytes to all. Clients read in another process. Each publication waits until the sockets
 * have taken the one before, so that nothing is conflated here and nothing piles up there.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const results: BenchResult[] = [];
  for (const one of quick ? CASES.slice(0, 2) : CASES) {
    const pairs: { ours: Measured; opponent: Measured }[] = [];
    const messages = Math.round((quick ? 4_000 : 40_000) / Math.max(one.clients, 10));
    for (let turn = 0; turn < (quick ? 2 : RUNS); turn++) {
      const ours = await measure(await hubBroadcaster(), one, messages);
      pairs.push({ ours, opponent: await measure(await plainBroadcaster(one.encoding), one, messages) });
    }
    const by = (of: (measured: Measured) => number): { ours: number; opponent: number }[] =>
      pairs.map(({ ours, opponent }) => ({ ours: of(ours), opponent: of(opponent) }));
    results.push(
      compare(
        `${one.name}: rate`,
        RATE,
        by(({ perSecond }) => perSecond),
      ),
    );
    results.push(
      compare(
        `${one.name}: cost`,
        COST,
        by(({ cpuUs }) => cpuUs),
      ),
    );
  }
  return report(name, results, ['ws']);
}

interface Measured {
  readonly perSecond: number;
  readonly cpuUs: number;
}

async function measure(broadcaster: Broadcaster, { clients, encoding, ownNames }: Case, messages: number): Promise<Measured> {
  const asked: ReadersTask = { url: broadcaster.url, clients, encoding, ownNames };
  const child = fork(fileURLToPath(import.meta.url), [], { env: { ...process.env, [READERS]: JSON.stringify(asked) } });
  await once(child, 'message');
  const publish = async (count: number): Promise<void> => {
    for (let seq = 0; seq < count; seq++) {
      broadcaster.publish(embedding(seq));
      do await new Promise((resolve) => setImmediate(resolve));
      while (broadcaster.waiting() > 0);
    }
  };
  const warmUp = Math.ceil(messages / 2);
  await publish(warmUp);
  const startUs = hostClock.nowUs();
  const startCpu = process.cpuUsage();
  await publish(messages);
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (hostClock.nowUs() - startUs) / 1e6;
  const wanted = (messages + warmUp) * clients;
  child.send(wanted);
  const [received] = (await once(child, 'message')) as [number];
  await broadcaster.close();
  child.disconnect();
  await once(child, 'exit');
  if (received !== wanted) throw new Error(`fanout: ${received} of ${wanted} messages arrived`);
  return { perSecond: (messages * clients) / seconds, cpuUs: (user + system) / (messages * clients) };
}

async function hubBroadcaster(): Promise<Broadcaster> {
  const ledger = new Ledger();
  const hub = new Hub({
    clock: hostClock,
    ledger,
    log: silentLog,
    boot: 'bench',
    server: 'bench',
    spaces: () => [],
    sources: () => [],
    alerts: { newest: 0, after: () => [] },
    limits: { maxClients: 200 },
  });
  const api = {
    status: () => ({}),
    ledger: () => [],
    alerts: () => [],
    rules: () => [],
    putRule: () => Promise.resolve(),
    deleteRule: () => Promise.resolve(),
    search: () => Promise.resolve({}),
    known: () => Promise.resolve({ senses: [] }),
    ready: () => ({ ready: true, reasons: [] }),
  };
  const server = await startServer({ host: '127.0.0.1', port: 0, hub, api, ledger, clock: hostClock, log: silentLog });
  return {
    url: `${server.url.replace('http', 'ws')}/v1/stream`,
    clients: () => hub.clients,
    publish: (one) => hub.publishEmbedding(one),
    waiting: () => hub.bufferedBytes,
    close: () => server.close(),
  };
}

async function plainBroadcaster(encoding: 'json' | 'f32'): Promise<Broadcaster> {
  const http: Server = createServer();
  const sockets = new WebSocketServer({ server: http });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`,
    clients: () => sockets.clients.size,
    publish: ({ vector, ...meta }) => {
      const header = { op: 'embedding', sub: 's1', ...meta, publishedUs: hostClock.nowUs() };
      const bytes =
        encoding === 'json'
          ? Buffer.from(JSON.stringify({ ...header, vector: Array.from(vector, (value) => Number(value.toPrecision(9))) }))
          : encodeFrame('f32', JSON.stringify(header), encodeVector('f32', vector).bytes);
      for (const client of sockets.clients) client.send(bytes, { binary: encoding === 'f32' });
    },
    waiting: () => {
      let bytes = 0;
      for (const client of sockets.clients) bytes += client.bufferedAmount;
      return bytes;
    },
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      http.close();
      await once(http, 'close');
    },
  };
}

const vector = Float32Array.from({ length: DIM }, (_, i) => Math.sin(i) / 16);

const embedding = (seq: number): Embedding => ({
  source: 'mic',
  modality: 'audio',
  space: '0123456789abcdef',
  seq,
  startUs: 1_700_000_000_000_000,
  endUs: 1_700_000_000_960_000,
  errorUs: 100,
  samples: { first: 0, last: 47, missing: 0 },
  coverage: 1,
  vector,
});

interface ReadersTask extends Omit<Case, 'name'> {
  readonly url: string;
}

/** The readers' process: says when all are subscribed; asked with a count, answers when so many have come, or after 5 s with how many did. */
async function readers({ url, clients, encoding, ownNames }: ReadersTask): Promise<void> {
  let received = 0;
  const opened = Array.from({ length: clients }, async (_, i) => {
    const socket = new WebSocket(url, 'edgebind.v1');
    await once(socket, 'open');
    // The plain server says nothing to this and sends anyway.
    socket.send(JSON.stringify({ op: 'subscribe', sub: ownNames ? `s${i}` : 's1', channel: 'embeddings', encoding }));
    socket.on('message', (data: Buffer) => {
      if (data.length > 1_000) received += 1;
    });
  });
  await Promise.all(opened);
  const say = (message: string | number): void => void process.send?.(message);
  // By then the server has read the subscriptions.
  setTimeout(() => say('ready'), 300);
  process.once('message', (wanted: number) => {
    const deadline = Date.now() + 5_000;
    const check = (): void => {
      if (received >= wanted || Date.now() > deadline) say(received);
      else setTimeout(check, 10);
    };
    check();
  });
  process.once('disconnect', () => process.exit(0));
}

const task = process.env[READERS];
if (task !== undefined) await readers(JSON.parse(task) as ReadersTask);

import { afterEach, describe, expect, it } from 'vitest';
import { embedding, RawClient, startStreamServer, type StreamServer } from './helpers/stream-server.ts';

const vector = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i) / 16);
const SUBSCRIBE = { op: 'subscribe', sub: 's', channel: 'embeddings', encoding: 'f32' };
/** Far more than the kernel's buffers for one loopback connection hold. */
const MUCH = 20_000;

const tidy: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of tidy.splice(0).reverse()) await step();
});

async function start(...options: Parameters<typeof startStreamServer>): Promise<StreamServer> {
  const started = await startStreamServer(...options);
  tidy.push(() => started.server.close());
  return started;
}

async function subscribed({ server }: StreamServer, ...messages: object[]): Promise<RawClient> {
  const client = await RawClient.open(server.url);
  tidy.push(() => client.end());
  for (const message of messages) await client.ask(message, 'ack');
  return client;
}

const newestSeq = (client: RawClient): unknown => client.frames().at(-1)?.header['seq'];

describe('a client that does not read', () => {
  it('costs a bounded number of bytes, is cut off after slowClientMs, and nobody else notices', async () => {
    const running = await start({ slowClientMs: 400 });
    const { hub, ledger } = running;
    const good = await subscribed(running, SUBSCRIBE);
    const bad = await subscribed(running, SUBSCRIBE);
    bad.stopReading();
    let mostBytes = 0;
    let mostInFlight = 0;
    let sent = 0;
    // Each publication waits for the good client to have the one before: it must get every single one.
    while (hub.clients === 2 && sent < MUCH) {
      hub.publishEmbedding(embedding(sent, vector));
      sent += 1;
      mostBytes = Math.max(mostBytes, hub.bufferedBytes);
      const line = ledger.lines().find(({ stage }) => stage === 'embeddings');
      mostInFlight = Math.max(mostInFlight, line?.inFlight ?? 0);
      expect(ledger.sums).toBe(true);
      await good.until(() => newestSeq(good) === sent - 1);
    }
    expect(hub.clients).toBe(1);
    expect(good.frames().map(({ header }) => header['seq'])).toEqual(Array.from({ length: sent }, (_, i) => i));
    expect(good.all('lag')).toEqual([]);
    expect(mostBytes).toBeGreaterThan(0);
    expect(mostBytes).toBeLessThanOrEqual(256 * 1024);
    expect(mostInFlight).toBeLessThanOrEqual(260);
    const line = ledger.lines().find(({ stage }) => stage === 'embeddings');
    // What was published between the cut and its event went to the good client alone.
    expect(line?.received).toBeGreaterThan(2 * sent - 4);
    expect(line).toMatchObject({ inFlight: 0, sums: true });
    expect(line?.dropped['conflated']).toBeGreaterThan(0);
    expect(line?.dropped['clientClosed']).toBeGreaterThan(0);
    expect(line?.emitted).toBeGreaterThan(sent);
  });

  it('is told its lag when it reads again, gets the newest, and every alert in order', async () => {
    const running = await start();
    const { hub, ledger, raise } = running;
    const client = await subscribed(running, SUBSCRIBE, { op: 'subscribe', sub: 'al', channel: 'alerts' });
    client.stopReading();
    let sent = 0;
    const conflated = (): number => ledger.lines().find(({ stage }) => stage === 'embeddings')?.dropped['conflated'] ?? 0;
    while (conflated() < 500 && sent < MUCH) {
      hub.publishEmbedding(embedding(sent, vector));
      sent += 1;
      if (sent % 20 === 0) raise();
      if (sent % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(conflated()).toBe(500);
    client.readAgain();
    await client.until(() => newestSeq(client) === sent - 1 && client.all('alert').length === Math.floor(sent / 20));
    expect(client.all('alert').map(({ cursor }) => cursor)).toEqual(Array.from({ length: Math.floor(sent / 20) }, (_, i) => i + 1));
    expect(client.all('lag')).toEqual([{ op: 'lag', sub: 's', conflated: 500 }]);
    expect(client.frames()).toHaveLength(sent - 500);
    await client.ask({ op: 'ping' }, 'pong');
    expect(ledger.lines().find(({ stage }) => stage === 'alerts')).toMatchObject({
      received: Math.floor(sent / 20),
      emitted: Math.floor(sent / 20),
    });
    expect(ledger.sums).toBe(true);
  });

  it('is cut off when it only asks and never reads the answers', async () => {
    const running = await start({ slowClientMs: 60_000, limits: { maxMessagesPerSecond: 100_000 } });
    const client = await subscribed(running);
    client.stopReading();
    const question = JSON.stringify({ op: 'ping', ref: 'x'.repeat(64) });
    while (running.hub.clients === 1) {
      for (let i = 0; i < 500; i++) client.say(question);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(running.ledger.lines().find(({ stage }) => stage === 'control')).toMatchObject({ inFlight: 0, sums: true });
    expect(running.hub.bufferedBytes).toBe(0);
  });
});

describe('a client that vanished without a word', () => {
  it('is noticed by its missing pongs', async () => {
    const running = await start({ pingMs: 50 });
    const client = await subscribed(running);
    const silent = await subscribed(running);
    silent.stopReading();
    await expect.poll(() => running.hub.clients).toBe(1);
    await client.ask({ op: 'ping' }, 'pong');
  });
});

import { once } from 'node:events';
import { WebSocket } from 'ws';
import { afterEach, describe, expect, it } from 'vitest';
import { connect, type AlertMessage, type Client, type EmbeddingEvent } from '../src/client/index.ts';
import { decodeVector } from '../src/core/vector-codec.ts';
import { embedding, MemoryAlertLog, RawClient, startStreamServer, type StreamServer } from './helpers/stream-server.ts';

const vector = new Float32Array([0.5, -0.5, 0.1, -0.7]);

const tidy: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of tidy.splice(0).reverse()) await step();
});

async function start(...options: Parameters<typeof startStreamServer>): Promise<StreamServer> {
  const started = await startStreamServer(...options);
  tidy.push(() => started.server.close());
  return started;
}

async function open(url: string, protocols?: string[], headers?: Record<string, string>): Promise<RawClient> {
  const client = await RawClient.open(url, protocols, headers);
  tidy.push(() => client.end());
  return client;
}

function library(url: string, options: Parameters<typeof connect>[1] = {}): Client {
  const client = connect(url, { WebSocket, firstRetryMs: 20, maxRetryMs: 50, ...options });
  tidy.push(() => client.close());
  return client;
}

const state = (client: Client, wanted: string): Promise<void> =>
  new Promise((resolve) => {
    client.onStatus((status) => {
      if (status.state === wanted) resolve();
    });
  });

describe('the stream, by hand', () => {
  it('says hello first, with subprotocol, spaces, sources and the newest cursor', async () => {
    const { server, raise } = await start();
    raise();
    const client = await open(server.url);
    expect(client.socket.protocol).toBe('edgebind.v1');
    expect(client.hello).toMatchObject({
      op: 'hello',
      protocol: 'edgebind.v1',
      server: 'edgebind test',
      spaces: [{ id: 'space-1', name: 'test', dim: 4 }],
      cursor: 1,
    });
    expect(client.hello['sources']).toContainEqual({ id: 'wrist', modality: 'imu', state: 'silent' });
    expect(Math.abs(Number(client.hello['timeUs']) / 1000 - Date.now())).toBeLessThan(5_000);
  });

  it('takes clients that offer no subprotocol, and refuses those that offer only others', async () => {
    const { server } = await start();
    expect((await open(server.url, [])).hello['op']).toBe('hello');
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/stream`, ['graphql-ws']);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('400');
  });

  it('sends the same vector in every encoding, aligned to four bytes', async () => {
    const { server, hub } = await start();
    const client = await open(server.url);
    for (const encoding of ['json', 'f32', 'f16', 'i8'])
      await client.ask({ op: 'subscribe', sub: `as-${encoding}`, channel: 'embeddings', encoding }, 'ack');
    hub.publishEmbedding(embedding(7, vector));
    await client.until(() => client.frames().length === 3 && client.all('embedding').length === 1);
    const [json] = client.all('embedding');
    expect(json).toMatchObject({
      sub: 'as-json',
      source: 'mic',
      modality: 'audio',
      space: 'space-1',
      seq: 7,
      errorUs: 120,
      coverage: 1,
      samples: { first: 70, last: 89, missing: 0 },
    });
    expect(Number(json!['publishedUs'])).toBeGreaterThan(Number(json!['endUs']));
    expect(Float32Array.from(json!['vector'] as number[])).toEqual(vector);
    for (const { kind, header, body } of client.frames()) {
      expect(header).toMatchObject({ op: 'embedding', sub: `as-${kind}`, source: 'mic', seq: 7 });
      const decoded = decodeVector(kind as 'f32' | 'f16' | 'i8', body, header['scale'] as number | undefined);
      const tolerance = { f32: 0, f16: 0.0003, i8: 0.7 / 254 + 1e-7, raw: 0 }[kind];
      for (const [i, value] of decoded.entries()) expect(Math.abs(value - vector[i]!)).toBeLessThanOrEqual(tolerance);
    }
    expect(client.frames().find(({ kind }) => kind === 'i8')?.header['scale']).toBeCloseTo(0.7, 6);
  });

  it('sends only what was asked for', async () => {
    const { server, hub } = await start();
    const client = await open(server.url);
    await client.ask({ op: 'subscribe', sub: 'a', channel: 'embeddings', sources: ['front'] }, 'ack');
    await client.ask({ op: 'subscribe', sub: 'b', channel: 'embeddings', modalities: ['audio'] }, 'ack');
    await client.ask({ op: 'subscribe', sub: 'c', channel: 'scores' }, 'ack');
    hub.publishEmbedding(embedding(1, vector, 'mic'));
    hub.publishEmbedding(embedding(2, vector, 'front'));
    hub.publishScore({ rule: 'glass', source: 'mic', modality: 'audio', score: 0.2, threshold: 0.3, startUs: 1, endUs: 2 });
    await client.ask({ op: 'ping', ref: 'end' }, 'pong');
    expect(client.all('embedding').map(({ sub, seq }) => [sub, seq])).toEqual([
      ['b', 1],
      ['a', 2],
    ]);
    expect(client.all('score')).toMatchObject([{ sub: 'c', rule: 'glass', score: 0.2, threshold: 0.3, endUs: 2 }]);
    await client.ask({ op: 'unsubscribe', sub: 'a' }, 'ack');
    hub.publishEmbedding(embedding(3, vector, 'front'));
    await client.ask({ op: 'ping' }, 'pong');
    expect(client.all('embedding')).toHaveLength(2);
  });

  it('tells a late subscriber the present status of every source', async () => {
    const { server, hub } = await start();
    hub.publishStatus({ source: 'mic', state: 'reconnecting', reason: 'ffmpeg ended with code 1' });
    const client = await open(server.url);
    await client.ask({ op: 'subscribe', sub: 'st', channel: 'status' }, 'ack');
    await client.until(() => client.all('status').length === 3);
    expect(client.all('status')).toContainEqual({
      op: 'status',
      sub: 'st',
      source: 'mic',
      state: 'reconnecting',
      reason: 'ffmpeg ended with code 1',
    });
  });

  it('resumes alerts by cursor, before or after subscribing, each once and in order', async () => {
    const { server, raise } = await start();
    for (let i = 0; i < 200; i++) raise();
    const first = await open(server.url);
    first.say({ op: 'resume', cursor: 150 });
    await first.ask({ op: 'subscribe', sub: 'al', channel: 'alerts' }, 'ack');
    raise();
    await first.until(() => first.all('alert').length === 51);
    expect(first.all('alert').map(({ cursor }) => cursor)).toEqual(Array.from({ length: 51 }, (_, i) => 151 + i));
    const second = await open(server.url);
    expect(await second.ask({ op: 'subscribe', sub: 'al', channel: 'alerts' }, 'ack')).toEqual({ op: 'ack', ref: 'al', cursor: 201 });
    expect(await second.ask({ op: 'resume', cursor: 199 }, 'ack')).toEqual({ op: 'ack', ref: 'resume', cursor: 199 });
    await second.until(() => second.all('alert').length === 2);
    expect(second.all('alert').map(({ cursor }) => cursor)).toEqual([200, 201]);
  });

  it('says how many alerts are gone', async () => {
    const { server, raise } = await start({ alertLog: new MemoryAlertLog(10) });
    for (let i = 0; i < 30; i++) raise();
    const client = await open(server.url);
    client.say({ op: 'resume', cursor: 5 });
    client.say({ op: 'subscribe', sub: 'al', channel: 'alerts' });
    await client.until(() => client.all('alert').length === 10);
    expect(client.all('error')).toMatchObject([
      { ref: 'resume', code: 'ALERTS_GONE', message: '15 alerts before this one are no longer kept' },
    ]);
    expect((await client.ask({ op: 'resume', cursor: 99 }, 'error'))['code']).toBe('UNKNOWN_CURSOR');
  });

  it('answers what it cannot do with words, and stays connected', async () => {
    const { server } = await start({ limits: { maxSubscriptions: 2, maxMessageBytes: 2_000 } });
    const client = await open(server.url);
    const error = async (message: object | string): Promise<unknown[]> => {
      const answer = await client.ask(message, 'error');
      return [answer['ref'], answer['code'], answer['message']];
    };
    expect(await error('{"op":')).toEqual([null, 'BAD_JSON', expect.stringContaining('not JSON')]);
    expect(await error('[1]')).toEqual([null, 'BAD_MESSAGE', expect.any(String)]);
    expect(await error({ op: 'subscibe', sub: 'x' })).toEqual(['x', 'UNKNOWN_OP', expect.stringContaining('did you mean "subscribe"?')]);
    expect(await error({ op: 'subscribe', sub: 'x', channel: 'embedings' })).toEqual([
      'x',
      'UNKNOWN_CHANNEL',
      expect.stringContaining('did you mean "embeddings"?'),
    ]);
    expect(await error({ op: 'subscribe', sub: 'x', channel: 'scores', sources: ['mik'] })).toEqual([
      'x',
      'UNKNOWN_SOURCE',
      expect.stringContaining('did you mean "mic"?'),
    ]);
    expect(await error({ op: 'subscribe', sub: 'x', channel: 'scores', modalities: ['adio'] })).toEqual([
      'x',
      'UNKNOWN_MODALITY',
      expect.stringContaining('did you mean "audio"?'),
    ]);
    expect(await error({ op: 'subscribe', sub: 'x', channel: 'scores', maxhz: 2 })).toEqual([
      'x',
      'BAD_MESSAGE',
      expect.stringContaining('unknown field "maxhz"'),
    ]);
    expect(await error({ op: 'unsubscribe', sub: 'x' })).toEqual(['x', 'UNKNOWN_SUBSCRIPTION', expect.any(String)]);
    expect(await error({ op: 'query', id: 'q', text: 'glass', top: 3 })).toEqual(['q', 'NO_QUERIES', expect.any(String)]);
    expect(await error({ op: 'query', id: 'q', top: 3 })).toEqual(['q', 'BAD_MESSAGE', expect.stringContaining('exactly one of')]);
    expect(await error({ op: 'ping', ref: 'y'.repeat(2_100) })).toEqual([
      null,
      'MESSAGE_TOO_LARGE',
      expect.stringContaining('at most 2000'),
    ]);
    await client.ask({ op: 'subscribe', sub: 'one', channel: 'scores' }, 'ack');
    await client.ask({ op: 'subscribe', sub: 'two', channel: 'scores' }, 'ack');
    expect(await error({ op: 'subscribe', sub: 'three', channel: 'scores' })).toEqual([
      'three',
      'TOO_MANY_SUBSCRIPTIONS',
      expect.any(String),
    ]);
    await client.ask({ op: 'ping' }, 'pong');
    client.say('x'.repeat(5_000));
    await client.until(() => client.closeCode !== undefined);
    expect(client.closeCode).toBe(1009);
  });

  it('says bye to a client that does not stop asking', async () => {
    const { server } = await start({ limits: { maxMessagesPerSecond: 20 } });
    const client = await open(server.url);
    for (let i = 0; i < 100; i++) client.say({ op: 'ping' });
    await client.until(() => client.closeCode !== undefined);
    expect(client.closeCode).toBe(1008);
    expect(client.all('bye')).toMatchObject([{ reason: expect.stringContaining('20 messages per second') as string }]);
    expect(client.all('pong').length).toBeLessThanOrEqual(42);
  });

  it('takes no more clients than it may', async () => {
    const { server } = await start({ limits: { maxClients: 1 } });
    await open(server.url);
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/v1/stream`);
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('503');
  });
});

describe('the client library against a real server', () => {
  it('delivers vectors as Float32Array whatever the encoding', async () => {
    const { server, hub } = await start();
    const client = library(server.url);
    const got: EmbeddingEvent[] = [];
    for (const encoding of ['json', 'f32', 'f16', 'i8'] as const)
      client.subscribe({ channel: 'embeddings', encoding }, (message) => got.push(message));
    await state(client, 'open');
    const raw = await open(server.url);
    await raw.ask({ op: 'subscribe', sub: 's', channel: 'embeddings' }, 'ack');
    hub.publishEmbedding(embedding(1, vector));
    await expect.poll(() => got.length).toBe(4);
    for (const { vector: decoded, seq, source } of got) {
      expect([seq, source]).toEqual([1, 'mic']);
      expect(decoded).toBeInstanceOf(Float32Array);
      for (const [i, value] of decoded.entries()) expect(value).toBeCloseTo(vector[i]!, 2);
    }
  });

  it('gets every alert once and in order across a restart of the server', async () => {
    const alertLog = new MemoryAlertLog();
    const one = await startStreamServer({ alertLog });
    const { port } = one.server;
    const client = library(one.server.url);
    const alerts: AlertMessage[] = [];
    const onlyMic: AlertMessage[] = [];
    client.subscribe({ channel: 'alerts' }, (alert) => alerts.push(alert));
    client.subscribe({ channel: 'alerts', sources: ['mic'] }, (alert) => onlyMic.push(alert));
    await expect.poll(() => one.hub.clients).toBe(1);
    await expect.poll(() => client.cursor).toBe(0);
    one.raise();
    one.raise({ source: 'front', modality: 'image' });
    await expect.poll(() => alerts.length).toBe(2);
    await one.server.close();
    await state(client, 'reconnecting');
    alertLog.append();
    alertLog.append();
    const two = await start({ alertLog }, { port });
    await expect.poll(() => alerts.length).toBe(4);
    two.raise();
    await expect.poll(() => alerts.length).toBe(5);
    expect(alerts.map(({ cursor }) => cursor)).toEqual([1, 2, 3, 4, 5]);
    expect(onlyMic.map(({ cursor }) => cursor)).toEqual([1, 3, 4, 5]);
    client.resume(3);
    await expect.poll(() => alerts.map(({ cursor }) => cursor)).toEqual([1, 2, 3, 4, 5, 4, 5]);
  });

  it('asks queries, and learns of refusals', async () => {
    const hit = { source: 'mic', modality: 'audio' as const, score: 0.5, startUs: 1, endUs: 2 };
    const { server } = await start({
      onQuery: ({ text }) =>
        text === 'glass'
          ? Promise.resolve({ hits: [hit], space: 's', searched: 1, otherSpace: 0 })
          : Promise.reject(new Error('no such thing')),
    });
    const client = library(server.url);
    await expect(client.query({ text: 'glass' })).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
    await state(client, 'open');
    expect(await client.query({ text: 'glass' })).toEqual([hit]);
    await expect(client.query({ text: 'smoke' })).rejects.toMatchObject({ code: 'QUERY_FAILED', message: 'no such thing' });
    const codes: string[] = [];
    client.subscribe({ channel: 'scores', sources: ['nobody'] }, () => undefined, { onError: (code) => codes.push(code) });
    await expect.poll(() => codes).toEqual(['UNKNOWN_SOURCE']);
  });

  it('brings its token, with characters that headers do not allow', async () => {
    const { server } = await start({}, { token: 's3cret/with=signs(1)' });
    const client = library(server.url, { token: 's3cret/with=signs(1)' });
    await state(client, 'open');
    const stranger = library(server.url, { token: 'wrong' });
    await state(stranger, 'reconnecting');
    expect(stranger.status).toMatchObject({ reason: expect.stringContaining('401') as string });
  });
});

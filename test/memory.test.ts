import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type EmbeddingEvent } from '../src/client/index.ts';
import type { MemoryAnswer } from '../src/memory/memory-store.ts';
import { startEdgeBind, startEdgeBindIn, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { until } from './helpers/until.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const CONFIG = `
model: models/mini
broker: {port: 0}
sources:
  - {id: microphone, modality: audio, from: "simulate:kitchen"}
  - {id: wrist, modality: imu, from: "simulate:kitchen"}
`;

describe('the memory of edgebind run', () => {
  let edgebind: EdgeBindProcess;
  beforeAll(async () => {
    edgebind = await startEdgeBind(CONFIG);
  });
  afterAll(() => edgebind.stop('SIGKILL'));

  const post = (body: object): Promise<Response> =>
    fetch(new URL('/api/v1/search', edgebind.url), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const search = async (body: object): Promise<MemoryAnswer> => (await (await post(body)).json()) as MemoryAnswer;

  it('finds a moment again by its own vector, over HTTP and WebSocket, and only where it was asked to look', async () => {
    const heard: EmbeddingEvent[] = [];
    const client = connect(edgebind.url, { WebSocket });
    client.subscribe({ channel: 'embeddings', sources: ['microphone'], encoding: 'f32' }, (embedding) => heard.push(embedding));
    await until('eight windows of sound', () => heard.length >= 8);
    // Of these nothing is unheard, and of the surest no other one of them scores more than itself.
    const range = { sinceUs: heard[3]!.startUs, untilUs: heard[7]!.startUs };
    const within = heard.filter(({ startUs, endUs }) => endUs >= range.sinceUs && startUs < range.untilUs);
    const past = within.reduce((best, one) => ((one.confidence ?? 1) > (best.confidence ?? 1) ? one : best));
    const confidence = past.confidence ?? 1;
    const vector = [...past.vector];
    const { hits } = await search({ vector, top: 3, sources: ['microphone'], ...range });
    expect(hits[0]).toMatchObject({ source: 'microphone', modality: 'audio', startUs: past.startUs, endUs: past.endUs });
    expect(confidence).toBeLessThan(1);
    expect(hits[0]?.score).toBeCloseTo(confidence, 3);
    const [best] = await client.query({ vector, top: 1, sources: ['microphone'], ...range });
    expect(best).toEqual(hits[0]);
    expect(await client.query({ vector, sources: ['wrist'], sinceUs: past.startUs, untilUs: past.endUs })).not.toContainEqual(best);
    expect(await client.query({ vector, modalities: ['audio'], untilUs: past.startUs - 10e6 })).not.toContainEqual(best);
    expect((await search({ vector, sources: ['wrist'] })).hits.map(({ source }) => source)).not.toContain('microphone');
    expect((await search({ text: 'a person walking', modalities: ['imu'], untilUs: 1 })).searched).toBe(0);
    const moment = { source: 'microphone', timeUs: past.startUs + 1000 };
    const [same] = (await search({ moment, sources: ['wrist'], top: 1 })).hits;
    expect(same?.source).toBe('wrist');
    const ofMotion = { source: 'wrist', timeUs: past.startUs + 1000 };
    expect((await search({ moment: ofMotion, sources: ['wrist'], top: 1 })).hits[0]?.score).toBeCloseTo(1, 3);
    client.close();
  });

  it('counts every window: on the disk, or on its way there', async () => {
    const lines = await until('windows of both on the disk', async () => {
      const memory = (await edgebind.ledger()).filter(({ stage }) => stage === 'memory');
      return memory.length === 2 && memory.every(({ emitted }) => emitted > 0) && memory;
    });
    for (const line of lines) expect(line).toMatchObject({ sums: true, dropped: {} });
  });

  it.each([
    [{ text: ' ' }, 'BAD_SEARCH', 'text: a prompt needs at least one word'],
    [{ text: 'a', vector: [1] }, 'BAD_SEARCH', 'exactly one'],
    [{ moment: { source: 'wrist', timeUs: 5e15 } }, 'MOMENT_GONE', 'wrist has nothing within 2 s of 2128-'],
    [{ moment: { source: 'wrist' } }, 'BAD_SEARCH', 'moment.timeUs'],
    [{ vector: [1, 2] }, 'VECTOR_SHAPE', 'has 2 numbers'],
    [{ vector: [1], space: 'elsewhere' }, 'SPACE_MISMATCH', 'elsewhere'],
    [{ image: 'bm8gcGljdHVyZQ==' }, 'QUERY_FAILED', 'cannot be decoded'],
    [{ audio: 'bm8gc291bmQ=' }, 'SOUND_UNREADABLE', 'the audio query: no sound could be read from it (Invalid data'],
    [{ vector: [0] }, 'VECTOR_SHAPE', 'has 1 numbers'],
    [{ vector: [null, 1] }, 'BAD_SEARCH', 'expected number'],
    [{ text: 'a', top: 1e9 }, 'BAD_SEARCH', '<=1000'],
    [{ text: 'a', sinceUs: 8e15 }, 'BAD_SEARCH', 'the future is not remembered'],
    [{ text: 'a', sinceUs: 1e15 + 5, untilUs: 1e15 }, 'BAD_SEARCH', 'is not after'],
    [{ text: 'a', sinceUs: 1_795_613_076 }, 'BAD_SEARCH', 'as of seconds or milliseconds'],
    [{ text: 'a', sources: ['microphon'] }, 'UNKNOWN_SOURCE', 'did you mean "microphone"?'],
    [{ text: 'a', sources: ['fused'] }, 'UNKNOWN_SOURCE', 'known here: '],
    [{ text: 'a', modalities: ['Sound!'] }, 'BAD_SEARCH', 'a modality is'],
  ])('refuses %j by name', async (body, code, words) => {
    const response = await post(body);
    const answer = (await response.json()) as { code: string; message: string };
    expect([response.status, answer.code]).toEqual([400, code]);
    expect(answer.message).toContain(words);
  });

  it('refuses the same over WebSocket, and goes on', async () => {
    const client = connect(edgebind.url, { WebSocket });
    await until('the connection', () => client.status.state === 'open');
    await expect(client.query({ text: 'a', sinceUs: 8e15 })).rejects.toThrow(/the future is not remembered/);
    await expect(client.query({ vector: [Number.NaN] })).rejects.toThrow(/expected number/);
    await expect(client.query({ audio: 'bm8gc291bmQ=' })).rejects.toThrow(/no sound could be read/);
    await expect(client.query({ text: 'a', sources: ['wirst'] })).rejects.toThrow(/did you mean "wrist"/);
    expect(await client.query({ text: 'a sound', top: 1 })).toHaveLength(1);
    client.close();
  });

  it('says how far a prompt is from what the senses were taught', async () => {
    const known = async (
      body: object,
    ): Promise<[number, { senses?: { modality: string; nearest: string; isFar: boolean }[]; code?: string }]> => {
      const response = await fetch(new URL('/api/v1/known', edgebind.url), {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      return [response.status, (await response.json()) as object];
    };
    expect(await known({ text: 'glass breaking', modalities: ['audio'] })).toMatchObject([
      200,
      { senses: [{ modality: 'audio', nearest: 'glass breaking', isFar: false }] },
    ]);
    const [, { senses = [] }] = await known({ text: 'quantum physics' });
    expect(senses.length).toBeGreaterThan(2);
    expect(senses.filter(({ isFar }) => !isFar)).toEqual([]);
    expect(await known({ text: ' ' })).toMatchObject([400, { code: 'BAD_PROMPT' }]);
  });

  it('outlives kill -9, loses half a second at most, and is searched from the command line', async () => {
    const before = await search({ text: 'a sound', top: 1000, modalities: ['audio'] });
    const moved = await search({ text: 'a person walking', modalities: ['imu'] });
    // What was gathered when the search came is written before it is answered.
    await edgebind.stop('SIGKILL');
    const state = join(edgebind.folder, 'state');
    const { stdout, status } = spawnSync(process.execPath, [cli, 'search', 'a sound', '--in', state, '--modality', 'audio', '--json'], {
      encoding: 'utf8',
    });
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as MemoryAnswer).searched).toBeGreaterThanOrEqual(before.searched);
    const { startUs, endUs } = moved.hits[0]!;
    const byMoment = spawnSync(
      process.execPath,
      [cli, 'search', '--moment', `wrist@${Math.round((startUs + endUs) / 2)}`, '--in', state, '--source', 'wrist', '--json'],
      { encoding: 'utf8' },
    );
    expect((JSON.parse(byMoment.stdout) as MemoryAnswer).hits[0]?.score).toBeCloseTo(1, 3);
    edgebind = await startEdgeBindIn(edgebind.folder);
    const after = await search({ text: 'a sound', modalities: ['audio'] });
    expect(after.searched).toBeGreaterThanOrEqual(before.searched);
    expect((await edgebind.stop()).code).toBe(0);
  });
});

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type AlertMessage, type Client, type EmbeddingEvent } from '../src/client/index.ts';
import { startEdgeBind, startEdgeBindIn, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';

const CONFIG = `
model: models/mini
broker: {port: 0}
sources:
  - {id: camera, modality: image, from: "simulate:kitchen"}
  - {id: microphone, modality: audio, from: "simulate:kitchen"}
  - {id: thermal, modality: thermal, from: "simulate:kitchen"}
  - {id: wrist, modality: imu, from: "simulate:kitchen"}
fusion: {everyMs: 500}
outputs: {record: {dir: recordings}}
alerts:
  # Any sound at all is above this: the test is of the way of an alert, not of the space.
  - {id: anything, query: {text: "a sound"}, on: [audio], threshold: -0.9, clearBelow: -1}
`;

describe('edgebind run on the simulator', () => {
  let edgebind: EdgeBindProcess;
  let client: Client;
  const embeddings: EmbeddingEvent[] = [];
  const alerts: AlertMessage[] = [];

  beforeAll(async () => {
    edgebind = await startEdgeBind(CONFIG);
    client = connect(edgebind.url, { WebSocket, cursor: 0 });
    client.subscribe({ channel: 'embeddings' }, (embedding) => embeddings.push(embedding));
    client.subscribe({ channel: 'alerts' }, (alert) => alerts.push(alert));
  });
  afterAll(async () => {
    client.close();
    await edgebind.stop('SIGKILL');
  });

  it('gives embeddings of four modalities of one space, of unit length', async () => {
    const seen = await until('embeddings of four modalities', () => {
      const bySource = new Map(embeddings.map((embedding) => [embedding.source, embedding]));
      return bySource.size === 4 && [...bySource.values()];
    });
    expect(new Set(seen.map((embedding) => embedding.space)).size).toBe(1);
    expect(seen.map((embedding) => embedding.modality).sort()).toEqual(['audio', 'image', 'imu', 'thermal']);
    for (const { vector } of seen) expect(Math.hypot(...vector)).toBeCloseTo(1, 3);
  });

  it('aligns windows of sound to the hop and says what was inside', async () => {
    const [window] = await until('two windows of sound', () => {
      const windows = embeddings.filter((embedding) => embedding.source === 'microphone');
      return windows.length >= 2 && windows;
    });
    expect(window!.startUs % 480_000).toBe(0);
    expect(window!.endUs - window!.startUs).toBe(975_000);
    expect(window!.samples.missing).toBe(0);
    expect(window!.coverage).toBeGreaterThan(0.9);
  });

  it('raises an alert once, and keeps its cursor', async () => {
    const alert = await until('the alert', () => alerts[0]);
    expect(alert).toMatchObject({ rule: 'anything', state: 'raised', source: 'microphone', query: 'a sound', cursor: 1 });
    await until('ten more windows', () => embeddings.filter((embedding) => embedding.source === 'microphone').length >= 12);
    expect(alerts.filter((one) => one.rule === 'anything')).toHaveLength(1);
  });

  it('takes a rule live, scores it at once, and deletes it', async () => {
    const scores: number[] = [];
    const subscription = client.subscribe({ channel: 'scores' }, ({ rule, score }) => {
      if (rule === 'typed') scores.push(score);
    });
    const body = JSON.stringify({ query: { text: 'glass breaking' }, on: ['camera'], threshold: 0.9 });
    const url = new URL('/api/v1/rules/typed', edgebind.url);
    const put = await fetch(url, { method: 'PUT', body, headers: { 'content-type': 'application/json' } });
    expect(put.status).toBeLessThan(300);
    await until('scores of the new rule', () => scores.length > 0);
    expect((await fetch(url, { method: 'DELETE' })).status).toBeLessThan(300);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(404);
    const bad = await fetch(url, {
      method: 'PUT',
      body: '{"query":{"text":"x"},"on":["camra"],"threshold":0.5}',
      headers: { 'content-type': 'application/json' },
    });
    expect(bad.status).toBe(400);
    expect(await bad.text()).toContain('did you mean \\"camera\\"');
    subscription.unsubscribe();
  });

  it('is shown by edgebind top', async () => {
    const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, [cli, 'top', edgebind.url, '--json']);
    const moment = JSON.parse(stdout) as {
      ledgerSums: boolean;
      sources: { id: string; lagMs: number | null }[];
      scores: { rule: string }[];
    };
    expect(moment.ledgerSums).toBe(true);
    expect(moment.sources.map(({ id }) => id)).toEqual(['camera', 'microphone', 'thermal', 'wrist']);
    expect(moment.sources.every(({ lagMs }) => lagMs !== null)).toBe(true);
    expect(moment.scores.map(({ rule }) => rule)).toContain('anything');
  });

  it('keeps a ledger that sums while everything runs', async () => {
    for (let i = 0; i < 20; i++) {
      const lines = await edgebind.ledger();
      expect(lines.length).toBeGreaterThan(8);
      expect(lines.filter((line) => !line.sums)).toEqual([]);
    }
  });

  it('fuses the senses at ticks', async () => {
    const fused = await new Promise<{ present: readonly string[]; vector: Float32Array }>((resolve) => {
      client.subscribe({ channel: 'fused' }, (one) => one.present.length === 4 && resolve(one));
    });
    expect(Math.hypot(...fused.vector)).toBeCloseTo(1, 3);
  });

  it('stops under load with exit code 0 within 5 s, and goes on with its cursor after the restart', async () => {
    const { code, ms } = await edgebind.stop('SIGTERM');
    expect({ code, log: code === 0 ? '' : edgebind.log() }).toEqual({ code: 0, log: '' });
    expect(ms).toBeLessThan(5000);
    const replayed = await replayProcess([join(edgebind.folder, 'recordings'), '--expect', join(edgebind.folder, 'state', 'alerts.jsonl')]);
    expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
    const last = Math.max(...alerts.map((alert) => alert.cursor));
    edgebind = await startEdgeBindIn(edgebind.folder);
    const log = (await edgebind.get('/api/v1/alerts?after=0')) as { alerts: AlertMessage[] };
    expect(log.alerts.map((alert) => alert.cursor).slice(0, last)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
  });
});

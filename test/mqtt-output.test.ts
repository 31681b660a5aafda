import { mkdtempSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FileAlertLog } from '../src/alerts/alert-log.ts';
import { decodeFrame } from '../src/core/binary-frame.ts';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import type { Embedding } from '../src/core/types.ts';
import { MqttOutput } from '../src/outputs/mqtt-output.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const draft = {
  id: 'a',
  rule: 'glass',
  state: 'raised',
  source: 'mic',
  modality: 'audio',
  score: 0.5,
  threshold: 0.3,
  startUs: 1,
  endUs: 2,
  query: 'glass breaking',
} as const;
const embedding = (seq: number): Embedding => ({
  source: 'mic',
  modality: 'audio',
  space: 's',
  seq,
  startUs: 1,
  endUs: 2,
  errorUs: 0,
  samples: { first: 0, last: 1, missing: 0 },
  coverage: 1,
  vector: Float32Array.of(0.6, 0.8),
});

/** A broker, a reader of everything below `site`, and an output with its log and ledger. */
function open(url: string): { output: MqttOutput; alerts: FileAlertLog; ledger: Ledger; raise: () => number } {
  const alerts = FileAlertLog.open(join(mkdtempSync(join(tmpdir(), 'edgebind-mqtt-')), 'alerts.jsonl'));
  const ledger = new Ledger();
  const output = new MqttOutput({ url, topic: 'site/{host}', encoding: 'f32', alerts, clock: hostClock, ledger, log: silentLog });
  const raise = (): number => {
    const { cursor } = alerts.append(draft);
    output.publishAlert();
    return cursor;
  };
  return { output, alerts, ledger, raise };
}

describe('outputs.mqtt on a real mosquitto', () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto();
  });
  afterAll(() => broker.stop());

  const reader = async (): Promise<{ client: MqttClient; got: Map<string, Buffer[]> }> => {
    const got = new Map<string, Buffer[]>();
    const client = await connectAsync(broker.url, { reconnectPeriod: 100 });
    client.on('message', (topic, payload) => got.set(topic, [...(got.get(topic) ?? []), payload]));
    await client.subscribeAsync(`site/#`, { qos: 1 });
    return { client, got };
  };

  it('publishes alerts, states and vectors, says that it is there and that it goes', async () => {
    const { client, got } = await reader();
    const { output, ledger, raise } = open(broker.url);
    const site = `site/${hostname()}`;
    const text = (topic: string): unknown => JSON.parse(got.get(`${site}/${topic}`)?.at(-1)?.toString() ?? 'null');
    output.publishStatus({ source: 'mic', state: 'live', reason: '' });
    await until('it to be online', () => (text('status') as { state?: string } | null)?.state === 'online');
    await until('the state from before the connection', () => got.has(`${site}/status/mic`));
    raise();
    output.publishVector(embedding(7));
    await until('alert and vector', () => got.has(`${site}/alerts/glass`) && got.has(`${site}/embeddings/mic`));
    expect(text('alerts/glass')).toEqual({ op: 'alert', cursor: 1, ...draft });
    expect(text('status/mic')).toMatchObject({ source: 'mic', state: 'live', reason: '' });
    const frame = decodeFrame(got.get(`${site}/embeddings/mic`)![0]!);
    expect([frame.kind, frame.header['op'], frame.header['seq'], frame.body.length]).toEqual(['f32', 'embedding', 7, 8]);
    await output.stop();
    await until('it to be offline', () => (text('status') as { state: string }).state === 'offline');
    await until('the broker to confirm', () => ledger.lines().every(({ inFlight }) => inFlight === 0));
    expect(ledger.sums).toBe(true);
    await client.endAsync();
  });

  it('keeps alerts and the newest states while the broker is away, and counts the vectors that it could not give', async () => {
    const { output, ledger, raise } = open(broker.url);
    output.publishStatus({ source: 'mic', state: 'live', reason: '' });
    raise();
    const line = (stage: string) => ledger.lines().find((one) => one.source === 'mqtt' && one.stage === stage)!;
    await until('the first alert to be confirmed', () => line('alerts').emitted === 1);
    await broker.stop();
    await until('the loss to be noticed', () => {
      output.publishVector(embedding(1));
      return (line('embeddings').dropped['brokerAway'] ?? 0) > 0;
    });
    for (let i = 0; i < 40; i++) raise();
    output.publishStatus({ source: 'mic', state: 'silent', reason: 'nothing came' });
    expect(line('alerts').inFlight).toBe(40);
    expect(ledger.sums).toBe(true);
    await broker.start();
    const { client, got } = await reader();
    await until('all alerts to be confirmed', () => line('alerts').emitted === 41);
    await until('the newest state', () => got.get(`site/${hostname()}/status/mic`)?.at(-1)?.toString().includes('silent') === true);
    expect(ledger.sums).toBe(true);
    await Promise.all([output.stop(), client.endAsync()]);
    expect(ledger.sums).toBe(true);
  });

  it('costs a bounded number of vectors with a broker that hangs', async () => {
    const { output, ledger } = open(broker.url);
    const line = () => ledger.lines().find((one) => one.source === 'mqtt' && one.stage === 'embeddings')!;
    await until('the connection', () => {
      output.publishVector(embedding(0));
      return line().emitted > 0;
    });
    broker.pause();
    try {
      const big = { ...embedding(1), vector: new Float32Array(250_000) };
      for (let i = 0; i < 60; i++) output.publishVector(big);
      await new Promise((resolve) => setImmediate(resolve));
      expect(line().inFlight).toBeLessThanOrEqual(9);
      expect(line().dropped['superseded']).toBeGreaterThan(30);
      expect(line().sums).toBe(true);
    } finally {
      broker.resume();
    }
    await until('the newest to arrive', () => line().inFlight === 0);
    await output.stop();
    expect(ledger.sums).toBe(true);
  });
});

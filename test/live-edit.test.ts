import { writeFileSync } from 'node:fs';
import { connectAsync, type MqttClient } from 'mqtt';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type Client, type EmbeddingEvent } from '../src/client/index.ts';
import { startEdgeBind, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const PERIOD_MS = 10;

/** A sensor at rest that stamps its readings, 100 a second, however late the timer is. */
function startSensor(client: MqttClient, topic: string): () => void {
  const startMs = Date.now();
  let seq = 0;
  const timer = setInterval(() => {
    for (; startMs + seq * PERIOD_MS <= Date.now(); seq++) {
      const message = Buffer.alloc(16 + 24);
      message.writeBigUInt64LE(BigInt((startMs + seq * PERIOD_MS) * 1000), 0);
      message.writeUInt32LE(seq, 8);
      message.writeFloatLE(9.81, 16 + 8);
      client.publish(topic, message);
    }
  }, PERIOD_MS);
  return () => clearInterval(timer);
}

describe('a config that is edited while edgebind runs', () => {
  let broker: Mosquitto;
  let edgebind: EdgeBindProcess;
  let sensor: MqttClient;
  let endSensor: () => void;
  let client: Client;
  const embeddings: EmbeddingEvent[] = [];
  const base = (): string => `model: models/mini\nbroker: {url: "${broker.url}"}\n`;
  const absent = '  - {id: absent, modality: imu, from: "serial:/dev/edgebind-not-there", protocol: witmotion}\n';
  const wrist = '  - {id: wrist, modality: imu, from: "mqtt:site/wrist", format: imu-f32, envelope: stamp16}\n';
  const heat = '  - {id: heat, modality: thermal, from: "simulate:calm"}\n';
  const edit = (text: string): void => writeFileSync(edgebind.configFile, base() + text);
  const sources = async (): Promise<string[]> => {
    const status = (await edgebind.get('/api/v1/status')) as { sources: { id: string; state: string }[] };
    return status.sources.map(({ id, state }) => `${id} ${state}`);
  };

  beforeAll(async () => {
    broker = await startMosquitto();
    sensor = await connectAsync(broker.url);
    endSensor = startSensor(sensor, 'site/wrist');
    edgebind = await startEdgeBind(`${base()}sources:\n${absent}`);
    client = connect(edgebind.url, { WebSocket });
    client.subscribe({ channel: 'embeddings' }, (embedding) => embeddings.push(embedding));
  });
  afterAll(async () => {
    endSensor();
    client.close();
    await edgebind.stop('SIGKILL');
    await sensor.endAsync();
    await broker.stop();
  });

  it('gets a broker connection and a simulator that the first config did not need, and loses no window of what did not change', async () => {
    edit(`sources:\n${absent}${wrist}`);
    await until('the wrist', () => embeddings.some(({ source }) => source === 'wrist'));
    edit(`sources:\n${wrist}${heat}alerts: [{id: glass, query: {text: "glass breaking"}, on: [heat], threshold: 0.9}]\n`);
    await until('the heat', () => embeddings.some(({ source }) => source === 'heat'));
    expect(await sources()).toEqual(['wrist live', 'heat live']);

    edit(`sources:\n${wrist}  - {id: heat, modality: thermal, from: "simulate:attic"}\n`);
    await until('the refusal', () => edgebind.log().includes('attic'));
    edit(`sources:\n${wrist}  - {id: eye, modality: image, from: "alsa:default"}\n`);
    await until('the second refusal', () => edgebind.log().includes('eye'));
    edit('sources: [');
    await until('the third refusal', () => /config\.yaml:3/.test(edgebind.log()));
    expect(await sources()).toEqual(['wrist live', 'heat live']);

    edit(`sources:\n${wrist}`);
    await until('the heat to be gone', async () => (await sources()).join() === 'wrist live');
    const seen = embeddings.filter(({ source }) => source === 'wrist').length;
    await until('two more windows', () => embeddings.filter(({ source }) => source === 'wrist').length >= seen + 2);
    const windows = embeddings.filter(({ source }) => source === 'wrist');
    const hop = windows[1]!.startUs - windows[0]!.startUs;
    for (const [i, { startUs, seq, samples }] of windows.entries()) {
      expect([startUs, seq, samples.missing]).toEqual([windows[0]!.startUs + i * hop, windows[0]!.seq + i, 0]);
    }
    expect(((await edgebind.get('/api/v1/ledger')) as { sums: boolean }).sums).toBe(true);
  });

  it('opens a source that changed anew, and its ledger goes on', async () => {
    const line = async () => (await edgebind.ledger()).find(({ source, stage }) => source === 'wrist' && stage === 'input');
    const before = (await line())!.received;
    edit(`sources:\n${wrist.replace('stamp16', 'stamp16, silentAfterMs: 9000')}`);
    await until('readings of the new one', async () => ((await line())?.received ?? 0) > before + 50);
    expect((await line())!.sums).toBe(true);
    expect(await sources()).toEqual(['wrist live']);
    expect((await edgebind.stop()).code).toBe(0);
  });
});

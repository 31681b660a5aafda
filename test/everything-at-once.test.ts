import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync, type MqttClient } from 'mqtt';
import { from, lastValueFrom, merge, toArray } from 'rxjs';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jointFusion } from '../pipelines/joint-fusion.ts';
import { connect, type AlertMessage, type Client, type FusedEvent } from '../src/client/index.ts';
import { Ledger } from '../src/core/ledger.ts';
import { VirtualClock } from '../src/core/time.ts';
import type { EncodeInput, Modality, Tensor } from '../src/core/types.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEncoders } from '../src/encoders/encoder-pool.ts';
import { dot } from '../src/space/vector.ts';
import { startEdgeBind, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { cli, importPython } from './helpers/import-python.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { noise } from './helpers/onnx-writer.ts';
import { until } from './helpers/until.ts';

const SENTENCE = "a dog's bark, glass breaking!";
const WORDS = "glass breaking a dog bark dog's person red rain street smoke talk kettle door forklift birds".split(' ');
const FEATURES = 128;
const SAMPLES = 30_720;

describe.skipIf(!importPython)('an Everything at Once that was imported, narrow, random weights', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-eao-'));
  const bundle = join(folder, 'bundle');
  const words = join(folder, 'words.txt');
  let broker: Mosquitto | undefined;
  let sensor: MqttClient | undefined;
  let edgebind: EdgeBindProcess | undefined;
  let client: Client | undefined;

  beforeAll(() => {
    const rows = WORDS.map((word, i) => `${word} ${[...noise(16, i + 1)].join(' ')}`);
    writeFileSync(words, `${WORDS.length} 16\n${rows.join('\n')}\n`);
    const args = ['models', 'import', 'everything-at-once', '--random', '3', '--blocks', '1', '--seconds', '2', '--word-vectors', words];
    execFileSync(process.execPath, [cli, ...args, '--out', bundle], { stdio: ['ignore', 'ignore', 'pipe'] });
  }, 300_000);
  afterAll(async () => {
    client?.close();
    await sensor?.endAsync();
    await edgebind?.stop('SIGKILL');
    await broker?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('gives the vectors of the original for every subset of words, pictures and sound, live and as a query', async () => {
    const features = noise(FEATURES, 1);
    const sound = noise(SAMPLES, 3).map((value, i) => value * Math.sin(i / 900));
    const reference = fileURLToPath(new URL('helpers/everything-at-once.py', import.meta.url));
    const input = JSON.stringify({ features: [[...features]], sound: [...sound] });
    const wanted = JSON.parse(
      execFileSync(importPython ?? '', ['-W', 'ignore', reference, '3', words, SENTENCE, '2'], { input, encoding: 'utf8' }),
    ) as Record<string, number[]>;
    expect(Object.keys(wanted)).toHaveLength(7);
    const ledger = new Ledger();
    const encoders = await startEncoders(await openBundle(bundle), { workers: 1, ledger });
    try {
      const close = (name: string, vector: Float32Array | undefined): void =>
        expect(dot(Float32Array.from(wanted[name] ?? []), vector ?? new Float32Array(0)), name).toBeGreaterThanOrEqual(0.99999);
      const window = (source: string, modality: Modality, startUs: number, endUs: number, tensor: Tensor): EncodeInput => ({
        ...{ source, modality, startUs, endUs, errorUs: 0, samples: { first: 0, last: 0, missing: 0 }, coverage: 1, tensor },
      });
      const pictures = [window('front', 'image', 1_000_000, 1_000_001, { shape: [FEATURES], data: features })];
      const sounds = [window('mic', 'audio', 0, 1_920_000, { shape: [SAMPLES], data: sound })];
      const policy = { keep: 'every' } as const;
      const live = async (...inputs: EncodeInput[][]): Promise<{ present: readonly string[]; vector: Float32Array }[]> => {
        const embeddings$ = merge(...inputs.map((windows) => from(windows).pipe(encoders.encode(windows[0]?.source ?? '', policy))));
        const terms = { clock: new VirtualClock(), sources: ['front', 'mic'], everyMs: 2000, maxAgeMs: 1500, missing: 'partial' } as const;
        return lastValueFrom(jointFusion(embeddings$, terms, () => encoders.fuse(policy)).pipe(toArray()));
      };
      close('image', (await live(pictures)).at(-1)?.vector);
      close('audio', (await live(sounds)).at(-1)?.vector);
      const both = (await live(pictures, sounds)).at(-1);
      expect(both?.present).toEqual(['front', 'mic']);
      close('image+audio', both?.vector);
      close('text', await encoders.embedText(SENTENCE));
      const image = { tensor: { shape: [FEATURES], data: features } };
      const audio = { sound: { kind: 'pcm', rateHz: 16_000, data: sound } } as const;
      close('image+text', await encoders.embedTogether({ text: SENTENCE, image }));
      close('audio+text', await encoders.embedTogether({ text: SENTENCE, audio }));
      close('image+audio+text', await encoders.embedTogether({ text: SENTENCE, image, audio }));
      expect(ledger.sums).toBe(true);
    } finally {
      await encoders.stop();
    }
  }, 240_000);

  it('runs on features and sound that come by MQTT, fuses them jointly, and says who is missing', async () => {
    broker = await startMosquitto();
    sensor = await connectAsync(broker.url);
    edgebind = await startEdgeBind(`
model: ${bundle}
broker: {url: "${broker.url}"}
sources:
  - {id: front, modality: image, from: "mqtt:front", format: features-f32}
  - {id: mic, modality: audio, from: "mqtt:mic", format: pcm_f32le, rateHz: 16000}
fusion: {how: joint, everyMs: 500, maxAgeMs: 2500}
alerts:
  - {id: anything, query: {text: "glass breaking"}, on: [fused], threshold: -0.99, clearBelow: -1}
`);
    client = connect(edgebind.url, { WebSocket, cursor: 0 });
    const fused: FusedEvent[] = [];
    const alerts: AlertMessage[] = [];
    client.subscribe({ channel: 'fused' }, (one) => fused.push(one));
    client.subscribe({ channel: 'alerts' }, (alert) => alerts.push(alert));
    let isSeeing = true;
    let sent = 0;
    const timer = setInterval(() => {
      sensor?.publish('mic', Buffer.from(noise(1600, sent).buffer));
      if (isSeeing && sent % 5 === 0) sensor?.publish('front', Buffer.from(noise(FEATURES, sent).buffer));
      sent++;
    }, 100);
    try {
      const both = await until('a fused vector of both', () => fused.find(({ present }) => present.length === 2));
      expect(both.vector).toHaveLength(96);
      expect(Math.hypot(...both.vector)).toBeCloseTo(1, 4);
      expect(both).toMatchObject({ present: ['front', 'mic'], missing: [] });
      expect(await until('the alert of the words', () => alerts[0])).toMatchObject({ rule: 'anything', source: 'fused', state: 'raised' });
      isSeeing = false;
      const alone = await until('a fused vector without the camera', () => fused.find(({ missing }) => missing.includes('front')));
      expect(alone.present).toEqual(['mic']);
      const lines = await edgebind.ledger();
      expect(lines.filter((line) => !line.sums)).toEqual([]);
      // Two rows a second came, the model's pace is one.
      expect(lines.find(({ source, stage }) => source === 'front' && stage === 'window')?.dropped['thinned']).toBeGreaterThan(0);
      expect(lines.find(({ source, stage }) => source === 'mic' && stage === 'tokens')).toMatchObject({ inFlight: 3 });
    } finally {
      clearInterval(timer);
    }
  }, 120_000);
});

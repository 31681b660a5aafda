/**
 * Real recordings as live sensors: a GoPro clip's camera and microphone through ffmpeg in real time, its IMU as WitMotion bytes
 * on a pseudo terminal, a FLIR Lepton's frames through a real mosquitto; embeddings and alerts out over WebSocket.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import WebSocket from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connect, type AlertMessage, type Client, type EmbeddingEvent } from '../src/client/index.ts';
import { hostClock } from '../src/core/time.ts';
import { readCptv } from './helpers/cptv.ts';
import { startEdgeBind, type EdgeBindProcess } from './helpers/edgebind-process.ts';
import { readGpmf } from './helpers/gpmf.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';
import { witmotionPair } from './helpers/witmotion-bytes.ts';

const data = fileURLToPath(new URL('../../shared/data/replay', import.meta.url));
const clip = join(data, 'gopro/karma.mp4');
const lepton = join(data, 'cptv/v2.cptv');
const isThere = existsSync(clip) && existsSync(lepton);
if (!isThere) console.log(`real-input.test.ts is skipped: ${data} is not beside this checkout`);

const THERMAL_HZ = 9;
const IMU_HZ = 200;

describe.skipIf(!isThere)('edgebind run on real recordings', () => {
  let broker: Mosquitto;
  let pty: ChildProcess;
  let edgebind: EdgeBindProcess;
  let client: Client;
  const stops: (() => void)[] = [];
  const embeddings: EmbeddingEvent[] = [];
  const alerts: AlertMessage[] = [];

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'edgebind-real-'));
    const [device, host] = [join(folder, 'device'), join(folder, 'host')];
    broker = await startMosquitto();
    pty = spawn('socat', [`pty,raw,echo=0,link=${device}`, `pty,raw,echo=0,link=${host}`], { stdio: 'ignore' });
    await until('the pty pair', () => existsSync(device) && existsSync(host));
    const picture = join(folder, 'like-this.jpg');
    execFileSync('ffmpeg', ['-v', 'error', '-ss', '6', '-i', clip, '-frames:v', '1', picture]);

    edgebind = await startEdgeBind(`
model: models/mini
broker: {url: "${broker.url}"}
encoders: {staleAfterMs: 2000}
sources:
  - {id: front, modality: image, from: "file:${clip}", fps: 5, loop: true}
  - {id: mic, modality: audio, from: "file:${clip}", loop: true}
  - {id: body, modality: imu, from: "serial:${host}?baud=115200", protocol: witmotion}
  - {id: heat, modality: thermal, from: "mqtt:site/thermal", format: thermal-i16, width: 160, height: 120, envelope: stamp16}
fusion: {everyMs: 500}
outputs: {record: {dir: recordings}}
alerts:
  - {id: like-this, query: {image: "${picture}"}, on: [front], threshold: 0.8}
  - {id: often, query: {text: "a drone flying over a landscape"}, on: [front, mic, fused], threshold: 0.15, clearBelow: 0.149, cooldownMs: 0}
  - {id: words, query: {text: "a drone flying over a landscape"}, on: [front, mic], threshold: -0.5, clearBelow: -1}
`);
    client = connect(edgebind.url, { WebSocket, cursor: 0 });
    client.subscribe({ channel: 'embeddings' }, (embedding) => embeddings.push(embedding));
    client.subscribe({ channel: 'alerts' }, (alert) => alerts.push(alert));
    stops.push(await playMotion(device), await playHeat(broker.url));
  });

  afterAll(async () => {
    for (const stop of stops) stop();
    client.close();
    await edgebind.stop('SIGKILL');
    pty.kill();
    await broker.stop();
  });

  it('receives embeddings of all four modalities', async () => {
    const modalities = await until('embeddings of four modalities', () => {
      const seen = new Set(embeddings.map((embedding) => embedding.modality));
      return seen.size === 4 && [...seen];
    });
    expect(modalities.sort()).toEqual(['audio', 'image', 'imu', 'thermal']);
  });

  it('keeps the stamps of the thermal frames and loses none', async () => {
    const frames = await until('ten thermal frames', () => {
      const heat = embeddings.filter((embedding) => embedding.source === 'heat');
      return heat.length >= 10 && heat;
    });
    const distances = frames
      .slice(1)
      .map((frame, i) => (frame.startUs - frames[i]!.startUs) / (frame.samples.first - frames[i]!.samples.first));
    for (const distance of distances) expect(Math.abs(distance - 1e6 / THERMAL_HZ)).toBeLessThan(1000);
  });

  it('covers its IMU windows at the rate of the recording', async () => {
    const window = await until('a whole IMU window', () => embeddings.filter((embedding) => embedding.source === 'body')[2]);
    expect(window.coverage).toBeGreaterThan(0.9);
    const rate = ((window.samples.last - window.samples.first) * 1e6) / (window.endUs - window.startUs);
    expect(rate).toBeGreaterThan(IMU_HZ * 0.9);
    expect(rate).toBeLessThan(IMU_HZ * 1.1);
  });

  it('raises an alert for words and one for an example picture', async () => {
    const raised = await until(
      'both alerts',
      () => {
        const rules = new Set(alerts.filter(({ state, rule }) => state === 'raised' && rule !== 'often').map(({ rule }) => rule));
        return rules.size >= 2 && rules;
      },
      60_000,
    );
    expect([...raised].sort()).toEqual(['like-this', 'words']);
  }, 70_000);

  it('closes the ledger and stops in time', async () => {
    const lines = await edgebind.ledger();
    expect(lines.filter((line) => !line.sums)).toEqual([]);
    const encoded = new Map(lines.filter((line) => line.stage === 'encode').map((line) => [line.source, line.emitted]));
    for (const source of ['front', 'mic', 'body', 'heat']) expect(encoded.get(source)).toBeGreaterThan(0);
    const { code, ms } = await edgebind.stop('SIGTERM');
    expect(code).toBe(0);
    expect(ms).toBeLessThan(5000);
  });

  it('was recorded, and replays to the same alerts byte for byte, each time', async () => {
    const expected = join(edgebind.folder, 'state', 'alerts.jsonl');
    expect(readFileSync(expected, 'utf8')).toContain('"words"');
    for (let i = 0; i < 3; i++) {
      const { code, log } = await replayProcess([join(edgebind.folder, 'recordings'), '--expect', expected]);
      expect({ code, log: code === 0 ? '' : log }).toEqual({ code: 0, log: '' });
    }
  });

  /** The clip's motion, again and again, at its own rate. Acceleration comes at 200 Hz, angular rate at 400. */
  async function playMotion(device: string): Promise<() => void> {
    const track = execFileSync('ffmpeg', ['-v', 'error', '-i', clip, '-map', '0:3', '-c', 'copy', '-f', 'rawvideo', '-'], {
      maxBuffer: 1e8,
    });
    const { acc, gyro } = readGpmf(track);
    const tty = await open(device, 'r+');
    let sent = 0;
    const began = performance.now();
    const timer = setInterval(() => {
      const due = Math.floor(((performance.now() - began) / 1000) * IMU_HZ);
      const bytes: Buffer[] = [];
      for (; sent < due; sent++) bytes.push(witmotionPair(acc[sent % acc.length]!, gyro[(2 * sent) % gyro.length]!));
      if (bytes.length > 0) void tty.write(Buffer.concat(bytes)).catch(() => undefined);
    }, 5);
    return () => {
      clearInterval(timer);
      void tty.close();
    };
  }

  /** The Lepton's frames: raw counts have no absolute scale, so 20 degrees are put at the median and 25 counts at a degree. */
  async function playHeat(url: string): Promise<() => void> {
    const { frames } = readCptv(readFileSync(lepton));
    const publisher = await mqtt.connectAsync(url);
    let seq = 0;
    const beganUs = hostClock.nowUs();
    // Stamped when it was due: a camera's clock does not wait for this process.
    const dueUs = (): number => beganUs + Math.round((seq * 1e6) / THERMAL_HZ);
    const publish = (): void => {
      const frame = frames[seq % frames.length]!;
      const median = frame.toSorted()[frame.length >> 1]!;
      const payload = Buffer.alloc(16 + frame.length * 2);
      payload.writeBigUInt64LE(BigInt(dueUs()), 0);
      payload.writeUInt32LE(seq++, 8);
      for (const [i, count] of frame.entries()) payload.writeInt16LE(2000 + (count - median) * 4, 16 + i * 2);
      publisher.publish('site/thermal', payload);
    };
    const timer = setInterval(() => {
      while (dueUs() <= hostClock.nowUs()) publish();
    }, 20);
    return () => {
      clearInterval(timer);
      publisher.end(true);
    };
  }
});

/** A sensor that no bundle knows: recorded, bound to what the microphone heard, and alerting on words that it never saw. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openScene } from '../devices/simulator/open-scene.ts';
import { renderSound } from '../devices/simulator/render-sound.ts';
import { happeningAt, type EventKind } from '../devices/simulator/scene.ts';
import { SOUND_RATE_HZ } from '../devices/simulator/sounds/waveform.ts';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEncoders } from '../src/encoders/encoder-pool.ts';
import { Recorder } from '../src/recording/recorder.ts';
import type { BindReport } from '../src/runtime/bind/bind-report.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { startMosquitto, type Mosquitto } from './helpers/mosquitto.ts';
import { until } from './helpers/until.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'edgebind-own-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RATE_HZ = 16_000;
/** Samples of one window of the microphone. */
const LENGTH = 15_600;
const ROUNDS = 4;
/** What a gas array, in ppm, mV and what not, says of an event: four channels, 0..1. */
const SIGNS: Readonly<Record<EventKind, readonly [number, number, number, number]>> = {
  fire: [1, 0.8, 0, 0.1],
  cat: [0, 0.1, 1, 0],
  telephone: [0, 0, 0.1, 0],
  walking: [0.1, 0, 0, 1],
  glass: [0, 0.7, 0.6, 0],
};
const random = seeded(3);
const gas = (kind: EventKind | undefined, elapsed: number): number[] =>
  [400, 1200, 5, 0.02].map((base, channel) => {
    const sign = kind === undefined ? 0 : (SIGNS[kind][channel] ?? 0);
    return base * (1 + 0.5 * sign * Math.min(1, elapsed) * (1 + 0.3 * Math.sin(9 * elapsed)) + 0.02 * (random() - 0.5));
  });

/** Sound of 48 kHz as a microphone of 16 kHz hears it from here and there in a room that is not silent. */
function room(sound: Int16Array): Float32Array {
  const [gain, noise] = [0.3 + 0.7 * random(), 0.06 * random()];
  return Float32Array.from({ length: LENGTH }, (_, i) => {
    const sum = (sound[3 * i] ?? 0) + (sound[3 * i + 1] ?? 0) + (sound[3 * i + 2] ?? 0);
    return (gain * sum) / (3 * 32_768) + noise * (random() - 0.5);
  });
}

/** Four rounds of the simulated kitchen as a run would have recorded them: vectors of the microphone, readings of the gas array. */
async function record(file: string): Promise<void> {
  const bundle = await openBundle('models/mini');
  const encoders = await startEncoders(bundle, { ledger: new Ledger(), workers: 1 });
  const recorder = new Recorder({ to: { file }, clock: hostClock, ledger: new Ledger(), log: silentLog, server: 'test' });
  const startUs = 1_700_000_000e6;
  const sources = [
    { id: 'mic', modality: 'audio', from: 'alsa:default' },
    { id: 'nose', modality: 'gas', from: 'mqtt:nose' },
  ];
  recorder.session({ server: 'test', boot: 'b', space: bundle.space, startedUs: startUs, folder, config: { sources }, alerts: [] });
  let [seq, heard] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const scene = openScene('kitchen', round + 1);
    const offsetUs = startUs + round * scene.loopSeconds * 1e6;
    for (let i = 0; i < scene.loopSeconds * 10; i++) {
      const now = happeningAt(scene, i / 10);
      const payload = { kind: 'array' as const, width: 4, height: 1, values: Float32Array.from(gas(now?.event.kind, now?.elapsed ?? 0)) };
      const timeUs = offsetUs + i * 1e5;
      const sample = { source: 'nose', modality: 'gas', seq, timeUs, durationUs: 0, errorUs: 1000, payload };
      recorder.reading('nose', 'gas', { arrivalUs: timeUs, seq: seq++, payload }, sample);
    }
    // Where nothing happens every fourth window is enough.
    for (let from = 0; from + 0.975 < scene.loopSeconds; from += happeningAt(scene, from + 0.96) ? 0.96 : 3.84) {
      const data = room(renderSound(scene, Math.round(from * SOUND_RATE_HZ), (LENGTH * SOUND_RATE_HZ) / RATE_HZ));
      const vector = await encoders.embedSound({ kind: 'pcm', rateHz: RATE_HZ, data });
      const meta = {
        source: 'mic',
        modality: 'audio',
        startUs: offsetUs + from * 1e6,
        endUs: offsetUs + (from + 0.975) * 1e6,
        errorUs: 1000,
      };
      const samples = { first: heard, last: heard, missing: 0 };
      recorder.embedding({ ...meta, space: bundle.space.id, seq: heard++, samples, coverage: 1, vector });
    }
  }
  await recorder.stop();
  await encoders.stop();
}

describe('a sensor of a new kind', () => {
  let broker: Mosquitto;
  const recording = join(folder, 'kitchen.mcap');
  const bundle = join(folder, 'nosed');
  beforeAll(async () => {
    [broker] = await Promise.all([startMosquitto(), record(recording)]);
  }, 120_000);
  afterAll(() => broker.stop());

  const bind = (...args: string[]) =>
    spawnSync(process.execPath, [cli, 'bind', '--pairs', recording, '--anchor', 'audio', '--json', ...args], { encoding: 'utf8' });

  it('is bound to what the microphone heard, and then alerts on words that it never saw', async () => {
    const { status, stdout, stderr } = bind('--new', 'gas', '--out', bundle);
    expect([status, stderr]).toEqual([0, '']);
    const { bound, pairs } = JSON.parse(stdout) as BindReport;
    expect(pairs.train).toBeGreaterThan(100);
    expect(bound.freshToAnchor.recall[5]).toBeGreaterThan(2 * bound.freshToAnchor.chance[5]);

    const edgebind = await startEdgeBind(`
model: ${bundle}
broker: {url: "${broker.url}"}
sources:
  - {id: nose, modality: gas, from: "mqtt:nose", format: json, channels: 4, fields: {values: ppm, timeUs: t}}
alerts:
  - {id: smoke, query: {text: "a smoke detector is beeping"}, on: [gas], threshold: 0.2}
  - {id: miaow, query: {text: "a cat"}, on: [nose], threshold: 0.2}
`);
    const client = await connectAsync(broker.url);
    try {
      let air: { readonly kind?: EventKind; readonly since: number } = { since: Date.now() };
      const timer = setInterval(() => {
        const now = Date.now();
        client.publish('nose', JSON.stringify({ t: now * 1000, ppm: gas(air.kind, (now - air.since) / 1000) }));
      }, 100);
      const alerts = async () =>
        ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: { rule: string; state: string; modality: string }[] }).alerts;
      const raised = async () => (await alerts()).filter(({ state }) => state === 'raised').map(({ rule, modality }) => [rule, modality]);
      await until(
        'vectors of calm air',
        async () => ((await edgebind.ledger()).find(({ source, stage }) => source === 'nose' && stage === 'encode')?.emitted ?? 0) > 4,
        30_000,
      );
      expect(await raised()).toEqual([]);
      air = { kind: 'fire', since: Date.now() };
      await until('an alert of the fire', async () => (await raised()).length > 0, 30_000);
      expect(await raised()).toEqual([['smoke', 'gas']]);
      clearInterval(timer);
    } finally {
      await client.endAsync();
      await edgebind.stop();
    }
  }, 120_000);

  it('that was not recorded, or whose name is that of a known sense, is refused', () => {
    expect(bind('--new', 'radar', '--out', join(folder, 'no'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('no reading of radar') as string,
    });
    expect(bind('--new', 'text', '--out', join(folder, 'no'))).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('taken') as string,
    });
  });
});

/** A recording is read by other people's tools: PyPI's `mcap`, which Foxglove's own makers maintain. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import type { Payload } from '../src/core/types.ts';
import { Recorder } from '../src/recording/recorder.ts';

const python = process.env['EDGEBIND_MCAP_PYTHON'] ?? 'python3';
const hasMcap = spawnSync(python, ['-c', 'import mcap.reader, mcap_protobuf.decoder']).status === 0;
if (!hasMcap)
  console.log(
    `mcap-tools.test.ts is skipped: ${python} has no mcap; pip install mcap mcap-protobuf-support, or name another by EDGEBIND_MCAP_PYTHON`,
  );

interface Topic {
  readonly schema: string;
  readonly encoding: string;
  readonly count: number;
  readonly readings?: number;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly seconds?: number;
}

interface Read {
  readonly topics: Readonly<Record<string, Topic>>;
  readonly statistics: { readonly messages: number; readonly chunks: number; readonly indexed: number };
  readonly metadata: readonly Readonly<Record<string, string>>[];
  readonly streamed: number;
}

const START_US = 1_700_000_000_000_000;
const READINGS = 200;

it.skipIf(!hasMcap).each([
  { packMotion: false, motion: 'a message for each reading of motion' },
  { packMotion: true, motion: 'motion packed' },
])(
  'opens with PyPI mcap, $motion: checksums hold, indexes lead to every message, and well-known schemas decode',
  async ({ packMotion }) => {
    const file = join(mkdtempSync(join(tmpdir(), 'edgebind-tools-')), 'a.mcap');
    const terms = { to: { file }, clock: hostClock, ledger: new Ledger(), log: silentLog, server: 'edgebind test', packMotion };
    const recorder = new Recorder(terms);
    const sensors = { cam: 'image', bare: 'image', mic: 'audio', heat: 'thermal', far: 'depth', wrist: 'imu' } as const;
    const payloads: Readonly<Record<keyof typeof sensors, () => Payload>> = {
      cam: () => ({
        kind: 'encoded',
        bytes: Uint8Array.from({ length: 20_000 }, (_, i) => (i < 3 ? (jpegHead[i] ?? 0) : (i * 7919) >> 3)),
      }),
      bare: () => ({ kind: 'rgb24', width: 32, height: 24, data: new Uint8Array(32 * 24 * 3).fill(7) }),
      mic: () => ({ kind: 'pcm', rateHz: 16_000, data: new Float32Array(320).fill(0.25) }),
      heat: () => ({ kind: 'thermal', width: 32, height: 24, celsius: new Float32Array(768).fill(21.5) }),
      far: () => ({ kind: 'depth', width: 16, height: 12, mm: new Uint16Array(192).fill(1234) }),
      wrist: () => ({ kind: 'imu', values: Float32Array.of(0, 0, 9.81, 0.5, 0, 0) }),
    };
    const sources = Object.entries(sensors).map(([id, modality]) => ({ id, modality, from: 'file:x' }));
    const space = { id: 's', name: 'test', dim: 4 };
    recorder.session({ server: 'edgebind test', boot: 'b', startedUs: START_US, space, folder: '/', config: { sources }, alerts: [] });
    recorder.rules([{ rule: { id: 'r' }, space: 's', vector: new Float32Array(4) }]);
    recorder.learnt({ base: new Uint8Array(8), leftOut: 0 });
    for (let i = 0; i < READINGS; i++)
      for (const [id, modality] of Object.entries(sensors) as [keyof typeof sensors, (typeof sensors)['cam']][]) {
        const arrivalUs = START_US + i * 50_000;
        const payload = payloads[id]();
        recorder.reading(
          id,
          modality,
          { arrivalUs, seq: i, deviceUs: i, payload },
          { source: id, modality, seq: i, timeUs: arrivalUs - 9, durationUs: 0, errorUs: 5, payload },
        );
      }
    const span = { source: 'mic', startUs: START_US, endUs: START_US + 1e6, errorUs: 3 };
    const vector = Float32Array.of(1, 0, 0, 0);
    recorder.embedding({ ...span, modality: 'audio', space: 's', seq: 0, samples: { first: 0, last: 9, missing: 0 }, coverage: 1, vector });
    recorder.score({ ...span, rule: 'r', modality: 'audio', score: 0.5, threshold: 0.3 });
    recorder.status({ source: 'mic', state: 'live', reason: '' });
    await recorder.stop();

    const script = fileURLToPath(new URL('helpers/mcap-check.py', import.meta.url));
    const read = JSON.parse(execFileSync(python, [script, file], { encoding: 'utf8', maxBuffer: 1e8 })) as Read;
    const total = Object.values(read.topics).reduce((sum, { count }) => sum + count, 0);
    expect(read.statistics).toMatchObject({ messages: total });
    expect(read.statistics.chunks).toBeGreaterThan(1);
    expect(read.statistics.indexed).toBe(read.statistics.chunks);
    expect(read.streamed).toBe(total);
    expect(read.metadata).toMatchObject([{ name: 'edgebind', format: '2' }]);
    const readings = { encoding: 'protobuf', count: READINGS, seconds: Math.floor((START_US - 9) / 1e6) };
    expect(read.topics).toMatchObject({
      '/cam/image': { ...readings, schema: 'foxglove.CompressedImage', fields: { format: 'jpeg', data: 20_000 } },
      '/bare/image_raw': {
        ...readings,
        schema: 'foxglove.RawImage',
        fields: { encoding: 'rgb8', width: 32, height: 24, step: 96, data: 2304 },
      },
      '/mic/audio': {
        ...readings,
        schema: 'foxglove.RawAudio',
        fields: { format: 'pcm-s16', sample_rate: 16_000, number_of_channels: 1, data: 640 },
      },
      '/heat/thermal': { ...readings, schema: 'foxglove.RawImage', fields: { encoding: '32FC1', step: 128, data: 3072 } },
      '/far/depth': { ...readings, schema: 'foxglove.RawImage', fields: { encoding: '16UC1', step: 32, data: 384 } },
      '/wrist/imu': {
        ...readings,
        schema: 'edgebind.Imu',
        readings: READINGS,
        // Packed, a message has the time of the newest reading of a tenth of a second.
        ...(packMotion && { count: expect.any(Number) as number, seconds: Math.floor((START_US + 50_000 - 9) / 1e6) }),
      },
      '/mic/embedding': { schema: 'edgebind.Embedding', encoding: 'protobuf', count: 1 },
      '/edgebind/session': { schema: 'edgebind.Session', encoding: 'jsonschema', count: 1 },
      '/edgebind/score': { encoding: 'jsonschema', count: 1 },
    });
  },
);

const jpegHead = [0xff, 0xd8, 0xff];

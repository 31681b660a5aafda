/** A run with everything at once: a bundle of several stages, joint fusion, a memory and a recording; and its replay. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Alert } from '../src/core/types.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { writeFusionBundle } from './helpers/fusion-bundle.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';

it('replays joint fusion to the same alerts, with a memory beside it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-joint-'));
  const clip = join(folder, 'clip.mkv');
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=10:duration=5', '-f', 'lavfi', '-i', 'anoisesrc=r=16000:d=5:seed=1'];
  execFileSync('ffmpeg', ['-v', 'error', ...sources, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  const edgebind = await startEdgeBind(`
model: ${await writeFusionBundle()}
sources:
  - {id: cam, modality: image, from: "file:${clip}", fps: 10, loop: true}
  - {id: mic, modality: audio, from: "file:${clip}", loop: true}
fusion: {how: joint, everyMs: 200}
alerts:
  - {id: any, query: {text: "rain"}, on: [cam, mic, fused], threshold: -1}
  - {id: odd, query: {novelty: true}, on: [cam, mic, fused], threshold: 0.001, clearBelow: 0.0009, cooldownMs: 0}
outputs: {record: {dir: recordings}}
`);
  const alerts = async (): Promise<Alert[]> => ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: Alert[] }).alerts;
  await until('alerts of the fusion', async () => (await alerts()).filter(({ source }) => source === 'fused').length >= 2, 120_000);
  const memory = (await edgebind.get('/api/v1/status')) as { memory?: object };
  expect(memory.memory).toBeDefined();
  expect((await edgebind.stop('SIGTERM')).code).toBe(0);
  for (let run = 0; run < 2; run++) {
    const replayed = await replayProcess([join(edgebind.folder, 'recordings'), '--expect', '--json']);
    expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
    expect(replayed.out).toContain('"source":"fused"');
  }
}, 300_000);

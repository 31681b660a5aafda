/** A recording in several files of one run: each replays alone, and so do all together. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Alert } from '../src/core/types.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';

it('replays each file of a run alone to the same alerts', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-rotation-'));
  const clip = join(folder, 'clip.mkv');
  // A beep each 4 s: rules learn, alerts come and go, whatever file is written.
  const beeps = "aevalsrc='if(between(mod(t,4),1,2),0.4*sin(2*PI*1800*t),0.05*random(0))':s=16000:d=8";
  const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=160x120:rate=5:duration=8', '-f', 'lavfi', '-i', beeps];
  execFileSync('ffmpeg', ['-v', 'error', ...sources, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  const edgebind = await startEdgeBind(`
encoders: {keep: every, staleAfterMs: 60000}
sources:
  - {id: cam, modality: image, from: "file:${clip}", fps: 5, loop: true}
  - {id: mic, modality: audio, from: "file:${clip}", loop: true}
fusion: {everyMs: 250, waitMs: 100}
alerts:
  - {id: beep, query: {text: "a beep"}, on: [mic, fused], threshold: 0.3, holdMs: 0, cooldownMs: 0}
  - {id: odd, query: {novelty: true}, on: [mic, cam, fused], threshold: 0.02, clearBelow: 0.01, cooldownMs: 0}
  - {id: always, query: {text: "a picture"}, on: [cam], threshold: -1}
outputs: {record: {dir: recordings, fileMinutes: 0.2}}
`);
  const dir = join(edgebind.folder, 'recordings');
  const files = (): string[] => readdirSync(dir).sort();
  await until('an alert', async () => ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: Alert[] }).alerts.length > 3, 120_000);
  await until('files', () => Promise.resolve(files().length >= 4), 120_000);
  expect((await edgebind.stop('SIGTERM')).code).toBe(0);

  const [first, ...others] = files().map((name) => join(dir, name));
  const whole = await replayProcess([dir, '--expect', '--json']);
  expect({ code: whole.code, log: whole.code === 0 ? '' : whole.log }).toEqual({ code: 0, log: '' });
  expect(whole.log).not.toContain('begins in mid-run');
  const alone = await replayProcess([first ?? '', '--expect']);
  expect({ code: alone.code, log: alone.code === 0 ? '' : alone.log }).toEqual({ code: 0, log: '' });
  let expected = 0;
  // The last one may have ended before its checkpoint.
  for (const file of others.slice(0, -1)) {
    const recording = await openRecording([file]);
    expect(recording.goesOn).toBe(true);
    let checkpoints = 0;
    for await (const event of recording.events({ kinds: ['checkpoint'] })) if (event.kind === 'checkpoint' && event.alerts) checkpoints++;
    expect(checkpoints).toBe(1);
    const replayed = await replayProcess([file, '--expect', '--json']);
    expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
    expect(replayed.log).toContain('begins in mid-run');
    expect(replayed.log).not.toContain('were not made again');
    expected += replayed.out.split('\n').filter((line) => line !== '').length;
    for (const line of replayed.out.split('\n')) expect(whole.out).toContain(line);
  }
  expect(expected).toBeGreaterThan(2);
  // Older files had made room: the rest goes on together.
  const rest = await replayProcess([...others, '--expect']);
  expect({ code: rest.code, log: rest.code === 0 ? '' : rest.log }).toEqual({ code: 0, log: '' });
}, 400_000);

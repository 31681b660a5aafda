/** Recordings of a run that is killed: each can be read and replayed, and what is in it adds up. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Alert } from '../src/core/types.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';

/** `EDGEBIND_KILLS=20` for a longer proof. */
const KILLS = Number(process.env['EDGEBIND_KILLS'] ?? 3);

describe('a recording whose program was killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-kill-'));
  const clip = join(folder, 'clip.mkv');

  beforeAll(() => {
    const sources = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10:duration=5', '-f', 'lavfi', '-i', 'anoisesrc=r=16000:d=5:seed=1'];
    execFileSync('ffmpeg', ['-v', 'error', ...sources, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  });

  it(
    `replays to the same alerts, and its ledger sums (${KILLS} times)`,
    async () => {
      for (let kill = 0; kill < KILLS; kill++) {
        const edgebind = await startEdgeBind(`
encoders: {keep: every, staleAfterMs: 60000}
sources:
  - {id: cam, modality: image, from: "file:${clip}", fps: 10, loop: true}
  - {id: mic, modality: audio, from: "file:${clip}", loop: true}
fusion: {everyMs: 200, waitMs: 100}
alerts:
  - {id: any, query: {text: "noise"}, on: [mic, cam, fused], threshold: -1}
outputs: {record: {dir: recordings}}
`);
        const encoded = async (source: string): Promise<number> =>
          (await edgebind.ledger()).find((line) => line.source === source && line.stage === 'encode')?.emitted ?? 0;
        await until('vectors of both', async () => (await encoded('cam')) >= 5 && (await encoded('mic')) >= 2, 120_000);
        await new Promise((resolve) => setTimeout(resolve, 1200 + 97 * kill));
        await edgebind.stop('SIGKILL');

        const dir = join(edgebind.folder, 'recordings');
        const recording = await openRecording([dir]);
        const readings = new Map<string, number>();
        let ledgers = 0;
        for await (const event of recording.events()) {
          if (event.kind === 'reading') readings.set(event.source, (readings.get(event.source) ?? 0) + 1);
          if (event.kind !== 'ledger') continue;
          ledgers++;
          expect(event.lines.filter((line) => !line.sums)).toEqual([]);
          // What the ledger says of the moment is what stands in the file up to there.
          for (const { source, stage, received } of event.lines) if (stage === 'clock') expect(readings.get(source) ?? 0).toBe(received);
        }
        expect(ledgers).toBeGreaterThan(0);
        expect(readings.get('cam')).toBeGreaterThan(4);
        expect(recording.faults).toMatchObject({ badRecords: 0, badMessages: 0, missing: {} });
        expect(recording.faults.truncated).toHaveLength(1);
        expect(await replayProcess([dir, '--expect'])).toMatchObject({ code: 0 });
      }
    },
    240_000 * KILLS,
  );

  it('is refused with a reason where alerts differ, and where the bundle is another one', async () => {
    const edgebind = await startEdgeBind(`
encoders: {keep: every, staleAfterMs: 60000}
sources:
  - {id: mic, modality: audio, from: "file:${clip}"}
alerts:
  - {id: any, query: {text: "noise"}, on: [mic], threshold: -1}
outputs: {record: {dir: recordings}}
`);
    await until(
      'an alert',
      async () => ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: unknown[] }).alerts.length > 0,
      120_000,
    );
    expect((await edgebind.stop('SIGTERM')).code).toBe(0);
    const dir = join(edgebind.folder, 'recordings');
    const good = await replayProcess([dir, '--json', '--expect']);
    expect(good).toMatchObject({ code: 0 });
    const other = join(folder, 'other.jsonl');
    writeFileSync(other, good.out.replace('"raised"', '"cleared"'));
    const differs = await replayProcess([dir, '--expect', other]);
    expect(differs.code).toBe(1);
    expect(differs.log).toContain('state: "cleared" expected, "raised" came');
    expect(await replayProcess([other])).toMatchObject({ code: 2, log: expect.stringContaining('is no MCAP file') as string });
  }, 240_000);

  it('replays edits of sources, fusion and rules where they were made', async () => {
    const mic = `  - {id: mic, modality: audio, from: "file:${clip}", loop: true}\n`;
    const cam = `  - {id: cam, modality: image, from: "file:${clip}", fps: 5, loop: true}\n`;
    const head = 'encoders: {keep: every, staleAfterMs: 60000}\noutputs: {record: {dir: recordings}}\n';
    const rule = (on: string): string => `alerts: [{id: any, query: {text: "noise"}, on: [${on}], threshold: -1, cooldownMs: 0}]\n`;
    const edgebind = await startEdgeBind(`${head}sources:\n${mic}${rule('mic')}`);
    const alerted = async (source: string): Promise<boolean> =>
      ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: Alert[] }).alerts.some((alert) => alert.source === source);
    await until('an alert of the sound', () => alerted('mic'), 120_000);
    writeFileSync(edgebind.configFile, `${head}sources:\n${mic}${cam}fusion: {everyMs: 500}\n${rule('mic, cam, fused')}`);
    await until('alerts of the picture and of both', async () => (await alerted('cam')) && (await alerted('fused')), 120_000);
    writeFileSync(edgebind.configFile, `${head}sources:\n${cam.replace('fps: 5', 'fps: 4')}${rule('cam')}`);
    const encoded = async (): Promise<number> =>
      (await edgebind.ledger()).find(({ source, stage }) => source === 'cam' && stage === 'encode')?.emitted ?? 0;
    await until('one source', async () => ((await edgebind.get('/api/v1/status')) as { sources: unknown[] }).sources.length === 1);
    const before = await encoded();
    await until('pictures of the edited source', async () => (await encoded()) > before + 3, 120_000);
    expect((await edgebind.stop('SIGTERM')).code).toBe(0);
    const replayed = await replayProcess([join(edgebind.folder, 'recordings'), '--expect', '--json']);
    expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
    expect(replayed.out).toContain('"source":"fused"');
    expect(replayed.log).not.toContain('were not made again');
  }, 240_000);
});

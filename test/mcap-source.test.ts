/** A recording as a source of a run: what was sensed comes again. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';
import { expect, it } from 'vitest';
import { connect, type EmbeddingEvent } from '../src/client/index.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { startEdgeBind } from './helpers/edgebind-process.ts';
import { until } from './helpers/until.ts';

it('a recording is a source: the same windows at their own pace, and again at its end', async () => {
  const clip = join(mkdtempSync(join(tmpdir(), 'edgebind-clip-')), 'clip.mkv');
  const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=5:duration=3', '-f', 'lavfi', '-i', 'anoisesrc=r=16000:d=3:seed=1'];
  execFileSync('ffmpeg', ['-v', 'error', ...inputs, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  const first = await startEdgeBind(`
encoders: {keep: every, staleAfterMs: 60000}
sources:
  - {id: cam, modality: image, from: "file:${clip}", fps: 5}
  - {id: mic, modality: audio, from: "file:${clip}"}
outputs: {record: {dir: recordings}}
`);
  const stopped = async (): Promise<boolean> => {
    const { sources } = (await first.get('/api/v1/status')) as { sources: { state: string }[] };
    return sources.every(({ state }) => state === 'stopped');
  };
  await until('the end of the clip', stopped, 120_000);
  expect((await first.stop('SIGTERM')).code).toBe(0);
  const dir = join(first.folder, 'recordings');
  const recorded: number[] = [];
  for await (const event of (await openRecording([dir])).events({ kinds: ['reading'], sources: ['cam'] })) {
    if (event.kind === 'reading' && event.sample) recorded.push(event.sample.timeUs);
  }
  expect(recorded.length).toBeGreaterThan(10);

  const second = await startEdgeBind(`
encoders: {keep: every, staleAfterMs: 60000}
state: {memory: false}
sources:
  - {id: cam, modality: image, from: "mcap:${dir}", loop: true}
  - {id: ear, modality: audio, from: "mcap:${dir}?source=mic"}
  - {id: none, modality: imu, from: "mcap:${dir}?source=wrist"}
`);
  const pictures: EmbeddingEvent[] = [];
  const sounds: EmbeddingEvent[] = [];
  const client = connect(second.url, { WebSocket });
  try {
    client.subscribe({ channel: 'embeddings' }, (one) => (one.source === 'cam' ? pictures : sounds).push(one));
    await until('more pictures than were recorded, and sounds', () => pictures.length > recorded.length + 3 && sounds.length > 2, 120_000);
    // The clock model leaves stamps near their arrival as they are.
    const steps = (times: readonly number[]): number[] => times.slice(1).map((time, i) => Math.round((time - times[i]!) / 1000));
    const again = pictures.map(({ startUs }) => startUs);
    const all = steps(recorded).join();
    expect(again.some((_, i) => i + 6 <= again.length && all.includes(steps(again.slice(i, i + 6)).join()))).toBe(true);
    expect(steps(again).every((step) => step >= 0)).toBe(true);
    const { sources } = (await second.get('/api/v1/status')) as { sources: { id: string; state: string; reason: string }[] };
    expect(sources.find(({ id }) => id === 'ear')).toMatchObject({ state: 'stopped', reason: 'end of the recording' });
    expect(sources.find(({ id }) => id === 'none')).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('has no source wrist') as string,
    });
    const ledger = await second.ledger();
    expect(ledger.filter(({ sums }) => !sums)).toEqual([]);
    expect(ledger.find(({ source, stage }) => source === 'cam' && stage === 'input')?.emitted).toBeGreaterThan(recorded.length);
  } finally {
    client.close();
    expect((await second.stop('SIGTERM')).code).toBe(0);
  }
}, 240_000);

/** Files that are read as fast as it goes, through ffmpeg and the clock model: their times are those of the file. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { hostClock } from '../core/time.ts';
import type { Sample } from '../core/types.ts';
import { correctClock } from '../operators/correct-clock.ts';
import { openSource } from './open-source.ts';

describe('a file that is not read in real time', () => {
  const clip = join(mkdtempSync(join(tmpdir(), 'edgebind-pace-')), 'clip.mkv');
  beforeAll(() => {
    const inputs = ['-f', 'lavfi', '-i', 'testsrc2=size=64x48:rate=10:duration=8', '-f', 'lavfi', '-i', 'sine=r=16000:d=8'];
    execFileSync('ffmpeg', ['-v', 'error', ...inputs, '-c:v', 'mjpeg', '-c:a', 'pcm_s16le', clip]);
  });

  async function samplesOf(source: Pick<SourceConfig, 'id' | 'modality' | 'fps'>): Promise<Sample[]> {
    const opened = openSource(
      { ...source, from: `file:${clip}`, realtime: false },
      { clock: hostClock, ledger: new Ledger(), log: silentLog, audioRateHz: 16_000 },
    );
    const samples = lastValueFrom(opened.readings$.pipe(correctClock({ source: source.id, modality: source.modality }), toArray()));
    opened.start();
    return samples;
  }

  it.each([
    [{ id: 'mic', modality: 'audio' } as const, 20_000, 400],
    [{ id: 'cam', modality: 'image', fps: 5 } as const, 200_000, 40],
  ])('%o: readings are as far apart as in the file', async (source, stepUs, count) => {
    const samples = await samplesOf(source);
    expect(samples.length).toBe(count);
    const steps = samples.slice(1).map(({ timeUs }, i) => timeUs - (samples[i]?.timeUs ?? NaN));
    for (const step of steps) expect(Math.abs(step - stepUs)).toBeLessThanOrEqual(1);
    expect(samples.at(-1)?.errorUs).toBeLessThan(5000);
  });
});

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { firstValueFrom, take, toArray } from 'rxjs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import type { Source } from '../core/source.ts';
import { hostClock } from '../core/time.ts';
import { decodePicture } from '../frontends/decode-picture.ts';
import { cameraSource } from './camera-source.ts';

describe('a picture file as a camera, read by ffmpeg', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'edgebind-still-')), 'still.jpg');
  beforeAll(async () => {
    await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
      .jpeg()
      .toFile(file);
  });
  const open = (loop: boolean): Source =>
    cameraSource(
      { id: 'still', modality: 'image', from: `file:${file}`, loop, fps: 20 },
      { clock: hostClock, ledger: new Ledger(), log: silentLog, audioRateHz: 16_000 },
    );

  it('gives its picture once, and ends', async () => {
    const source = open(false);
    const readings = firstValueFrom(source.readings$.pipe(toArray()));
    source.start();
    const [picture, ...others] = (await readings).map(({ payload }) => payload);
    expect(others).toEqual([]);
    expect(picture).toMatchObject({ kind: 'rgb24', width: 64, height: 48 });
    // A recording keeps the JPEG: what it gives is what was seen.
    if (picture?.kind !== 'rgb24' || !picture.jpeg) throw new Error('the picture came without its JPEG');
    expect(await decodePicture(picture.jpeg)).toEqual({ kind: 'rgb24', width: 64, height: 48, data: picture.data });
    await source.stop();
  });

  it('gives it again and again with loop', async () => {
    const source = open(true);
    const readings = firstValueFrom(source.readings$.pipe(take(3), toArray()));
    source.start();
    expect(await readings).toHaveLength(3);
    await source.stop();
  });
});

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../core/binary-frame.ts';
import { Stage } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { VirtualClock } from '../core/time.ts';
import type { Picture, Sample } from '../core/types.ts';
import { PicturePreviews } from './picture-previews.ts';
import type { SamplePublication } from './sample-publication.ts';

const sampleOf = (seq: number, payload: Picture): Sample<Picture> => ({
  source: 'front',
  modality: 'image',
  seq,
  timeUs: seq,
  durationUs: 0,
  errorUs: 0,
  payload,
});
const rgb = (seq: number, width = 1280, height = 720): Sample<Picture> =>
  sampleOf(seq, { kind: 'rgb24', width, height, data: new Uint8Array(width * height * 3).fill(seq) });

function setUp(): { clock: VirtualClock; stage: Stage; previews: PicturePreviews; made: SamplePublication[]; next: () => Promise<void> } {
  const clock = new VirtualClock(1_000_000);
  const made: SamplePublication[] = [];
  let wake = (): void => undefined;
  const stage: Stage = new Stage('ws', 'previews', () => previews.inFlight);
  const previews = new PicturePreviews({
    clock,
    log: silentLog,
    stage,
    onPreview: (preview) => {
      made.push(preview);
      wake();
    },
  });
  const next = (): Promise<void> => new Promise((resolve) => (wake = () => setImmediate(resolve)));
  return { clock, stage, previews, made, next };
}

describe('PicturePreviews', () => {
  it('makes small JPEG files of raw pictures, the newest only and no faster than asked', async () => {
    const { clock, stage, previews, made, next } = setUp();
    const first = next();
    previews.offer(rgb(1), 5);
    for (let seq = 2; seq <= 6; seq++) previews.offer(rgb(seq), 5);
    await first;
    expect(made).toHaveLength(1);
    expect(stage.line()).toMatchObject({ received: 6, emitted: 1, dropped: { superseded: 4 }, inFlight: 1, sums: true });
    const second = next();
    clock.advanceMs(200);
    await second;
    const { header, body } = decodeFrame(made[1]!.frame('s').bytes);
    expect(header).toMatchObject({ op: 'sample', source: 'front', seq: 6, format: 'jpeg', width: 640, height: 360 });
    expect((await sharp(body).metadata()).format).toBe('jpeg');
    expect(stage.line()).toMatchObject({ received: 6, emitted: 2, inFlight: 0, sums: true });
  });

  it('passes a small JPEG as it came, and shrinks a big one', async () => {
    const { clock, previews, made, next } = setUp();
    const small = await sharp({ create: { width: 64, height: 48, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    previews.offer(sampleOf(1, { kind: 'encoded', bytes: small }), 5);
    expect(Buffer.compare(Buffer.from(decodeFrame(made[0]!.frame('s').bytes).body), small)).toBe(0);
    const noise = Buffer.alloc(2000 * 1000 * 3).map((_, i) => (i * 7919) % 256);
    const big = await sharp(noise, { raw: { width: 2000, height: 1000, channels: 3 } })
      .jpeg({ quality: 95 })
      .toBuffer();
    expect(big.length).toBeGreaterThan(96 * 1024);
    clock.advanceMs(1000);
    const shrunk = next();
    previews.offer(sampleOf(2, { kind: 'encoded', bytes: big }), 5);
    await shrunk;
    expect(decodeFrame(made[1]!.frame('s').bytes).header).toMatchObject({ width: 640, height: 320 });
  });

  it('counts what cannot be opened and goes on', async () => {
    const { clock, stage, previews, made, next } = setUp();
    previews.offer(sampleOf(1, { kind: 'encoded', bytes: Uint8Array.of(1, 2, 3) }), 5);
    await expect.poll(() => stage.line().dropped).toEqual({ badPicture: 1 });
    clock.advanceMs(200);
    const good = next();
    previews.offer(rgb(2, 32, 24), 5);
    await good;
    expect(made).toHaveLength(1);
    expect(stage.line().sums).toBe(true);
  });

  it('lets go of what waits when it stops', () => {
    const { stage, previews } = setUp();
    previews.offer(rgb(1, 32, 24), 5);
    previews.offer(rgb(2, 32, 24), 5);
    previews.stop();
    expect(stage.line()).toMatchObject({ received: 2, dropped: { stopped: 1 }, inFlight: 1, sums: true });
  });
});

import sharp from 'sharp';
import { afterAll, expect, it } from 'vitest';
import type { EncodedPicture } from '../../core/types.ts';
import { decodePicture } from '../../frontends/decode-picture.ts';
import { FrameDifference } from '../../operators/frame-difference.ts';
import { qualityOf } from '../../operators/quality.ts';
import { PictureDecoder } from '../../recording/picture-decoder.ts';
import type { RecordedEvent } from '../../recording/recorded-event.ts';
import { decodeAhead } from './decode-ahead.ts';

const decoder = new PictureDecoder();
afterAll(() => decoder.stop());

const grey = (brightness: number): Promise<Uint8Array> =>
  sharp({ create: { width: 80, height: 60, channels: 3, background: { r: brightness, g: brightness, b: 255 - brightness } } })
    .jpeg({ quality: 95 })
    .toBuffer();

function picture(atUs: number, bytes: Uint8Array, isDecoded = true): RecordedEvent {
  const payload: EncodedPicture = { kind: 'encoded', bytes };
  const sample = { source: 'front', modality: 'image', seq: atUs, timeUs: atUs, durationUs: 0, errorUs: 0, payload };
  const reading = { arrivalUs: atUs, payload };
  return { kind: 'reading', atUs, source: 'front', modality: 'image', reading, sample, ...(isDecoded && { isDecoded: true }) };
}

async function seen(events: readonly RecordedEvent[], wantsPixels = false): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = [];
  for await (const event of decodeAhead(one(events), decoder, () => wantsPixels)) all.push(event);
  return all;
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* one(events: readonly RecordedEvent[]): AsyncGenerator<RecordedEvent> {
  yield* events;
}

const payloadOf = (event: RecordedEvent | undefined): unknown => (event?.kind === 'reading' ? event.reading.payload : undefined);

it('keeps the order of events, however many pictures lie among them', async () => {
  const events: RecordedEvent[] = [];
  for (let i = 0; i < 40; i++)
    events.push(picture(3 * i, await grey(i)), { kind: 'wake', atUs: 3 * i + 1 }, { kind: 'wake', atUs: 3 * i + 2 });
  expect((await seen(events)).map(({ atUs }) => atUs)).toEqual(events.map(({ atUs }) => atUs));
  expect(await seen([])).toEqual([]);
});

it('lets windows see of a picture what they see of its pixels', async () => {
  const jpegs = [await grey(4), await grey(90)];
  const [dark, bright] = (await seen(jpegs.map((bytes, i) => picture(i, bytes)))).map((event) =>
    event.kind === 'reading' ? event.sample : undefined,
  );
  const [darkPixels, brightPixels] = (
    await seen(
      jpegs.map((bytes, i) => picture(i, bytes)),
      true,
    )
  ).map((event) => (event.kind === 'reading' ? event.sample : undefined));
  if (!dark || !bright || !darkPixels || !brightPixels) throw new Error('a picture was lost');
  expect([dark.payload.kind, darkPixels.payload.kind]).toEqual(['encoded', 'rgb24']);
  expect(qualityOf([dark])).toBe(qualityOf([darkPixels]));
  expect(qualityOf([dark])).toBeLessThan(1);
  const [looks, pixels] = [new FrameDifference(), new FrameDifference()];
  looks.keep(dark.payload);
  pixels.keep(darkPixels.payload);
  expect(looks.to(dark.payload)).toBe(0);
  expect(looks.to(bright.payload)).toBe(pixels.to(brightPixels.payload));
  expect(looks.to(bright.payload)).toBeGreaterThan(0);
});

it('gives pipelines that look at pixels those of the run', async () => {
  const bytes = await grey(120);
  const [event] = await seen([picture(0, bytes)], true);
  const { width, height, data } = await decodePicture(bytes);
  expect(payloadOf(event)).toEqual({ kind: 'rgb24', width, height, data: Uint8Array.from(data), jpeg: bytes });
});

it('leaves pictures that came as files, and those that are broken, to the pipeline', async () => {
  const bytes = await grey(120);
  const [asFile, broken, after] = await seen([picture(0, bytes, false), picture(1, bytes.slice(0, 20)), picture(2, bytes)]);
  expect(payloadOf(asFile)).toEqual({ kind: 'encoded', bytes });
  expect(payloadOf(broken)).toEqual({ kind: 'encoded', bytes: bytes.slice(0, 20) });
  expect(payloadOf(after)).toMatchObject({ look: { width: 80, height: 60 } });
});

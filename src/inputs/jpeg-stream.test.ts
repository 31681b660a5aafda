import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { JpegStream } from './jpeg-stream.ts';

const START = [0xff, 0xd8];
/** A segment that holds the bytes of an end. */
const COMMENT = [0xff, 0xfe, 0x00, 0x06, 0xff, 0xd9, 0xff, 0xd8];
const SCAN = [0xff, 0xda, 0x00, 0x03, 0x01];
/** A stuffed 0xff, a restart, and a fill byte before the next marker. */
const DATA = [0x12, 0xff, 0x00, 0xff, 0xd3, 0x34, 0xff];
const END = [0xff, 0xd9];

const picture = (seed: number): Promise<Buffer> =>
  sharp({ create: { width: 40 + seed, height: 30, channels: 3, noise: { type: 'gaussian', mean: 128, sigma: 60 }, background: 'red' } })
    .jpeg({ progressive: seed % 2 === 1 })
    .toBuffer();

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return at.slice(1).map((end, i) => bytes.subarray(at[i], end));
}

describe('a stream of JPEG pictures', () => {
  it('gives each picture whole, cut anywhere, whatever its segments hold', async () => {
    const given = [Buffer.from([...START, ...COMMENT, ...SCAN, ...DATA, ...END]), ...(await Promise.all([0, 1, 2, 3].map(picture)))];
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 40 }), (places) => {
        const stream = new JpegStream();
        const got: Uint8Array[] = [];
        for (const chunk of cut(Buffer.concat(given), places)) {
          const reused = Buffer.from(chunk);
          for (const one of stream.push(reused)) {
            reused.fill(0);
            got.push(one);
          }
        }
        expect(got.map((bytes) => Buffer.from(bytes).equals(given[got.indexOf(bytes)] ?? Buffer.alloc(0)))).toEqual(given.map(() => true));
        expect(stream.isInside).toBe(false);
      }),
    );
  });

  it('says that a picture is half here, and begins anew after a reset', async () => {
    const stream = new JpegStream();
    const bytes = await picture(1);
    expect([...stream.push(bytes.subarray(0, 100))]).toEqual([]);
    expect(stream.isInside).toBe(true);
    stream.reset();
    expect([...stream.push(bytes)]).toHaveLength(1);
  });

  it('refuses what is no JPEG', () => {
    for (const bytes of [
      [1, 2, 3],
      [0xff, 0xd9],
      [...START, 0x00, 0x01],
      [...START, 0xff, 0xfe, 0x00, 0x01],
    ])
      expect(() => [...new JpegStream().push(Uint8Array.from(bytes))]).toThrow(RangeError);
  });

  it('ends with pictures or a RangeError on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          for (const one of new JpegStream().push(Uint8Array.from([...START, ...SCAN, ...bytes]))) expect(one.length).toBeGreaterThan(3);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { jpegHead } from './jpeg-head.ts';

const picture = (width: number, height: number) => sharp({ create: { width, height, channels: 3, background: 'red' } });

describe('jpegHead', () => {
  it.each([
    ['plain', picture(640, 480).jpeg(), { width: 640, height: 480, channels: 3 }],
    [
      'progressive, with EXIF before the frame',
      picture(33, 7)
        .jpeg({ progressive: true })
        .withExif({ IFD0: { Copyright: 'x'.repeat(900) } }),
      { width: 33, height: 7, channels: 3 },
    ],
    ['grey', picture(5, 6).toColourspace('b-w').jpeg(), { width: 5, height: 6, channels: 1 }],
    ['of four inks', picture(5, 6).toColourspace('cmyk').jpeg(), { width: 5, height: 6, channels: 4 }],
  ])('reads size and channels: %s', async (_, image, wanted) => {
    expect(jpegHead(await image.toBuffer())).toEqual(wanted);
  });

  it('knows no other format', async () => {
    expect(jpegHead(await picture(5, 6).png().toBuffer())).toBeUndefined();
    expect(jpegHead(await picture(5, 6).webp().toBuffer())).toBeUndefined();
  });

  it('finds what is there or nothing in bytes cut anywhere, and never fails on nonsense', async () => {
    const bytes = await picture(640, 480).jpeg().toBuffer();
    for (let end = 0; end < bytes.length; end++) expect([undefined, 640]).toContain(jpegHead(bytes.subarray(0, end))?.width);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (rest) => {
        jpegHead(Uint8Array.of(0xff, 0xd8, ...rest));
      }),
    );
  });
});

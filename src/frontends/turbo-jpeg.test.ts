import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { RgbPicture } from '../core/types.ts';
import { decodePicture } from './decode-picture.ts';
import { jpegHead } from './jpeg-head.ts';
import { openTurboJpeg } from './turbo-jpeg.ts';

interface Golden {
  readonly decoded: readonly { readonly name: string; readonly file: string; readonly pixels: string }[];
}

const { decoded } = JSON.parse(readFileSync(new URL('fixtures/pictures.json', import.meta.url), 'utf8')) as Golden;
const decode = openTurboJpeg();

function turbo(bytes: Uint8Array): RgbPicture | undefined {
  const head = jpegHead(bytes);
  return head && decode?.(bytes, head);
}

async function noisyJpeg(width: number, height: number, seed: number, options: object): Promise<Uint8Array> {
  let state = seed;
  const data = Uint8Array.from({ length: width * height * 3 }, () => ((state = (state * 48271) % 2147483647) / 2147483647) * 256);
  return sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg(options)
    .toBuffer();
}

it('is left out by name, and where the file is no such library', () => {
  expect(openTurboJpeg('none')).toBeUndefined();
  expect(openTurboJpeg('/no/such/library.so')).toBeUndefined();
  expect(openTurboJpeg('libc.so.6')).toBeUndefined();
});

// `npm test` installs the library; elsewhere libvips decodes, which the tests of `decodePicture` are about.
describe.skipIf(!decode)('TurboJPEG', () => {
  it.each(decoded.filter(({ name }) => name.startsWith('jpeg')))('makes of $name what PIL does', ({ file, pixels }) => {
    expect(turbo(Buffer.from(file, 'base64'))?.data).toEqual(Uint8Array.from(Buffer.from(pixels, 'base64')));
  });

  it('gives the bits of libvips for any size, quality and sampling', async () => {
    const sizes = fc.integer({ min: 1, max: 70 });
    await fc.assert(
      fc.asyncProperty(
        sizes,
        sizes,
        fc.integer({ min: 1, max: 100 }),
        fc.constantFrom('4:2:0', '4:4:4'),
        fc.boolean(),
        async (width, height, quality, chromaSubsampling, progressive) => {
          const bytes = await noisyJpeg(width, height, quality, { quality, chromaSubsampling, progressive });
          const wanted = await decodePicture(bytes);
          const got = turbo(bytes);
          expect(got).toMatchObject({ width, height });
          expect(Buffer.compare(got?.data ?? new Uint8Array(), wanted.data)).toBe(0);
        },
      ),
      { numRuns: 60, seed: 11 },
    );
  });

  it('passes on what libvips would, or nothing: whatever happens to the bytes', async () => {
    const whole = await noisyJpeg(48, 40, 5, { quality: 80 });
    let passed = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 2 }),
        fc.nat({ max: whole.length }),
        async (changes, cut) => {
          const bytes = whole.slice(0, cut % 3 === 0 ? cut : whole.length);
          for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
          const got = turbo(bytes);
          if (!got) return;
          passed++;
          expect(got.data).toHaveLength(got.width * got.height * 3);
          expect(Buffer.compare(got.data, (await decodePicture(bytes)).data)).toBe(0);
        },
      ),
      { numRuns: 300, seed: 12 },
    );
    expect(passed).toBeGreaterThan(0);
  });
});

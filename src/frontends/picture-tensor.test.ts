import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import { decodeGrey16, decodePicture } from './decode-picture.ts';
import { geometry } from './geometry.ts';
import type { Resample } from './kernel.ts';
import { pictureTensor } from './picture-tensor.ts';
import { parseFrontEnd, type FrontEnd } from './recipe.ts';
import { resizeRgb } from './resize-rgb.ts';

interface Golden {
  readonly size: number;
  readonly resized: readonly {
    readonly width: number;
    readonly height: number;
    readonly resample: Resample;
    readonly resize: 'shortest' | 'squash';
    readonly pixels: string;
  }[];
  readonly decoded: readonly {
    readonly name: string;
    readonly file: string;
    readonly width: number;
    readonly height: number;
    readonly pixels: string;
  }[];
  readonly video: readonly { readonly width: number; readonly height: number; readonly values: number[] }[];
  readonly depth: readonly {
    readonly width: number;
    readonly height: number;
    readonly 'languagebind-depth': number[];
    readonly 'imagebind-depth': number[];
  }[];
  readonly holes: readonly { readonly width: number; readonly height: number; readonly skip: number[] }[];
  readonly heat: readonly {
    readonly width: number;
    readonly height: number;
    readonly 'shortest bicubic': number[];
    readonly 'squash bilinear': number[];
  }[];
}

const { size, ...golden } = JSON.parse(readFileSync(new URL('fixtures/pictures.json', import.meta.url), 'utf8')) as Golden;
const bytesOf = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'));
const encoded = (bytes: Uint8Array) => ({ kind: 'encoded' as const, bytes });

/** Park and Miller's generator, 0..1: the signals of fixtures/pictures.py. */
function noise(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => (state = (state * 48271) % 2147483647) / 2147483647);
}
const picture = (width: number, height: number) => ({
  kind: 'rgb24' as const,
  width,
  height,
  data: Uint8Array.from(noise(width * height * 3, 11), (v) => v * 256),
});

const worst = (got: Tensor, wanted: readonly number[]): number => {
  expect(got.data).toHaveLength(wanted.length);
  return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - (got.data[i] ?? NaN))), 0);
};

describe('resizing to whole bytes', () => {
  it.each(golden.resized)('$width x $height $resample $resize equals PIL bit for bit', ({ width, height, resample, resize, pixels }) => {
    const to = geometry(width, height, { size, resize });
    expect(Uint8Array.from(resizeRgb(picture(width, height), to, resample))).toEqual(bytesOf(pixels));
  });

  it.each([
    ['half-even', 98, 102],
    ['up', 99, 102],
    ['down', 98, 101],
  ] as const)('half a pixel beside the middle goes %s', (cropRounding, odd, even) => {
    // 421 - 224 = 197, half of it 98.5; 427 - 224 = 203, half of it 101.5.
    expect(geometry(421, 224, { size: 224, resize: 'shortest', cropRounding }).left).toBe(odd);
    expect(geometry(224, 427, { size: 224, resize: 'shortest', cropRounding }).top).toBe(even);
  });
});

describe('decoding', () => {
  it.each(golden.decoded)('$name becomes what PIL makes of it', async ({ file, width, height, pixels }) => {
    const got = await decodePicture(bytesOf(file));
    expect({ width: got.width, height: got.height }).toEqual({ width, height });
    expect(Uint8Array.from(got.data)).toEqual(bytesOf(pixels));
  });

  it('keeps the upper byte of a 16-bit grey picture, and all of it where numbers are meant', async () => {
    const values = Uint16Array.of(0, 255, 256, 29_315, 65_535, 1);
    const png = await sharp(values, { raw: { width: 3, height: 2, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect([...(await decodePicture(png)).data]).toEqual([...values].flatMap((v) => [v >> 8, v >> 8, v >> 8]));
    expect(await decodeGrey16(png)).toEqual({ width: 3, height: 2, values });
  });

  const jpeg = bytesOf(golden.decoded.find(({ name }) => name === 'jpeg')?.file ?? '');
  it.each([
    ['nothing', new Uint8Array(), 'BAD_PICTURE'],
    ['garbage', Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), 'BAD_PICTURE'],
    ['a truncated JPEG', jpeg.subarray(0, jpeg.length - 200), 'BAD_PICTURE'],
    ['only its head', jpeg.subarray(0, 100), 'BAD_PICTURE'],
  ])('refuses %s', async (_, bytes, code) => {
    await expect(decodePicture(bytes)).rejects.toThrow(expect.objectContaining({ code }) as Error);
  });

  it('refuses a picture 50,000 pixels wide, and one of too many pixels, by their head alone', async () => {
    const head = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'red' } })
        .png()
        .toBuffer();
    await expect(decodePicture(await head(50_000, 2))).rejects.toThrow('the picture is 50000x2; at most 32768 a side');
    await expect(decodePicture(await head(8000, 7000))).rejects.toThrow(expect.objectContaining({ code: 'PICTURE_TOO_LARGE' }) as Error);
  });

  it('refuses 8 bits where numbers are meant', async () => {
    await expect(decodeGrey16(jpeg)).rejects.toThrow('the picture has 3 channels of uchar; wanted a 16-bit grey PNG');
  });
});

describe('image tensors', () => {
  it('are channel, row, column; normalised as torchvision does', async () => {
    const data = Uint8Array.of(0, 128, 255, 10, 20, 30, 1, 2, 3, 250, 251, 252);
    const clip = parseFrontEnd({ kind: 'image', preset: 'clip', size: 2 });
    const { shape, data: got } = await pictureTensor({ kind: 'rgb24', width: 2, height: 2, data }, clip);
    expect(shape).toEqual([3, 2, 2]);
    expect(got[0]).toBeCloseTo(-1.7922626, 6);
    expect(got[4]).toBeCloseTo((128 / 255 - 0.4578275) / 0.26130258, 6);
    expect(got[9]).toBeCloseTo((30 / 255 - 0.40821073) / 0.27577711, 6);
  });

  it('of a file are those of its pixels', async () => {
    const { file, width, height, pixels } = golden.decoded[0] ?? { file: '', width: 0, height: 0, pixels: '' };
    const siglip = parseFrontEnd({ kind: 'image', preset: 'siglip' });
    const ofFile = await pictureTensor(encoded(bytesOf(file)), siglip);
    expect(ofFile).toEqual(await pictureTensor({ kind: 'rgb24', width, height, data: bytesOf(pixels) }, siglip));
    expect(ofFile.shape).toEqual([3, 256, 256]);
  });

  it.each(golden.video)('of video equal pytorchvideo and torch: $width x $height', async ({ width, height, values }) => {
    const frame = picture(width, height);
    const oneFrame = parseFrontEnd({ kind: 'image', preset: 'imagebind-video', size, frames: 1 });
    expect(worst(await pictureTensor(frame, oneFrame), values)).toBeLessThan(1e-5);
  });

  it('of a clip hold its first and its last frame; of a still picture that one twice', async () => {
    const video = parseFrontEnd({ kind: 'image', preset: 'imagebind-video', size: 4 });
    const still = parseFrontEnd({ kind: 'image', preset: 'imagebind-video', size: 4, frames: 1 });
    const [a, b, c] = [picture(9, 5), picture(4, 4), picture(5, 8)];
    const clip = await pictureTensor({ kind: 'clip', frames: [a, b, c] }, video);
    expect(clip.shape).toEqual([3, 2, 4, 4]);
    const [first, last] = [await pictureTensor(a, still), await pictureTensor(c, still)];
    for (let channel = 0; channel < 3; channel++) {
      expect(clip.data.subarray(channel * 32, channel * 32 + 16)).toEqual(first.data.subarray(channel * 16, channel * 16 + 16));
      expect(clip.data.subarray(channel * 32 + 16, channel * 32 + 32)).toEqual(last.data.subarray(channel * 16, channel * 16 + 16));
    }
    expect(await pictureTensor(a, video)).toEqual(await pictureTensor({ kind: 'clip', frames: [a, a] }, video));
  });

  it('of a longer clip hold as many frames as are wanted, as linspace picks them; of a shorter one some again', async () => {
    const of = (frames: number): FrontEnd => parseFrontEnd({ kind: 'image', preset: 'imagebind-video', size: 1, frames });
    const pictures = [0, 1, 2, 3, 4, 5].map((k) => ({ kind: 'rgb24' as const, width: 1, height: 1, data: new Uint8Array(3).fill(k * 40) }));
    const plain = { ...of(4), mean: [0, 0, 0], std: [1, 1, 1], scale: 1 / 40 };
    const long = await pictureTensor({ kind: 'clip', frames: pictures }, parseFrontEnd(plain));
    expect(long).toEqual({ shape: [3, 4, 1, 1], data: Float32Array.of(0, 1, 3, 5, 0, 1, 3, 5, 0, 1, 3, 5) });
    const short = await pictureTensor({ kind: 'clip', frames: pictures.slice(1, 3) }, parseFrontEnd(plain));
    expect([...short.data.subarray(0, 4)]).toEqual([1, 1, 1, 2]);
  });

  it.each([
    ['no pixels', { kind: 'rgb24' as const, width: 0, height: 0, data: new Uint8Array() }],
    ['a wrong length', { kind: 'rgb24' as const, width: 2, height: 2, data: new Uint8Array(11) }],
    ['no frames', { kind: 'clip' as const, frames: [] }],
    ['no temperatures', { kind: 'thermal' as const, width: 2, height: 1, celsius: Float32Array.of(20, 21) }],
  ])('refuse %s', async (_, input) => {
    await expect(pictureTensor(input, parseFrontEnd({ kind: 'image', preset: 'clip' }))).rejects.toThrow(PayloadError);
  });
});

describe('depth tensors', () => {
  it.each(golden.depth)('$width x $height equal the original code', async ({ width, height, ...wanted }) => {
    const mm = Uint16Array.from(noise(width * height, 19), (v) => v * 12_000).fill(0, 0, 3);
    for (const preset of ['languagebind-depth', 'imagebind-depth'] as const) {
      const got = await pictureTensor({ kind: 'depth', width, height, mm }, parseFrontEnd({ kind: 'depth', preset, size }));
      expect(got.shape).toEqual([preset === 'imagebind-depth' ? 1 : 3, size, size]);
      expect(worst(got, wanted[preset])).toBeLessThan(1e-4);
    }
  });

  it.each(golden.holes)('$width x $height skip holes as PIL with a mask does', async ({ width, height, skip }) => {
    const mm = Uint16Array.from(noise(width * height, 23), (v) => v * 6000);
    noise(width * height, 29).forEach((v, i) => v < 0.5 && (mm[i] = 0));
    const recipe = parseFrontEnd({ kind: 'depth', size, maxM: 5, channels: 1, scale: 1, holes: 'skip' });
    expect(skip.filter((value) => value === 0).length).toBeGreaterThan(10);
    expect(worst(await pictureTensor({ kind: 'depth', width, height, mm }, recipe), skip)).toBeLessThan(1e-6);
  });

  it('come from a 16-bit PNG in millimetres as well', async () => {
    const mm = Uint16Array.from(noise(20 * 30, 5), (v) => v * 9000);
    const png = await sharp(mm, { raw: { width: 20, height: 30, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const recipe = parseFrontEnd({ kind: 'depth', preset: 'languagebind-depth', size, maxM: 8 });
    expect(await pictureTensor(encoded(png), recipe)).toEqual(await pictureTensor({ kind: 'depth', width: 20, height: 30, mm }, recipe));
  });
});

describe('thermal tensors', () => {
  const range = { kind: 'thermal', size, channels: 1, lowC: 10, highC: 50 };

  it.each(golden.heat)('$width x $height equal PIL on floating-point pictures', async ({ width, height, ...wanted }) => {
    const heat = { kind: 'thermal' as const, width, height, celsius: Float32Array.from(noise(width * height, 13), (v) => v * 60) };
    const bicubic = parseFrontEnd({ ...range, preset: 'imagebind-thermal' });
    expect(worst(await pictureTensor(heat, bicubic), wanted['shortest bicubic'])).toBeLessThan(1e-6);
    expect(worst(await pictureTensor(heat, parseFrontEnd(range)), wanted['squash bilinear'])).toBeLessThan(1e-6);
  });

  it('come from a 16-bit PNG in centi-kelvin as well; the same temperature is the same number wherever it stands', async () => {
    const values = new Uint16Array(size * size).fill(30_315);
    values[0] = 0;
    const png = await sharp(values, { raw: { width: size, height: size, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const { shape, data } = await pictureTensor(
      encoded(png),
      parseFrontEnd({ kind: 'thermal', preset: 'clip-thermal', size, lowC: 20, highC: 40 }),
    );
    expect(shape).toEqual([3, size, size]);
    expect(data[0]).toBeCloseTo(-0.48145466 / 0.26862954, 5);
    expect(data[1]).toBeCloseTo((0.5 - 0.48145466) / 0.26862954, 5);
    expect(data[size * size * 2 + 7]).toBeCloseTo((0.5 - 0.40821073) / 0.27577711, 5);
  });
});

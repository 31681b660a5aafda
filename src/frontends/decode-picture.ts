import { isMainThread } from 'node:worker_threads';
import type * as SharpModule from 'sharp';
import type { Sharp } from 'sharp';
import { messageOf, PayloadError } from '../core/errors.ts';
import type { SpareBuffers } from '../core/spare-buffers.ts';
import type { RgbPicture } from '../core/types.ts';
import { jpegHead, type JpegHead } from './jpeg-head.ts';
import { openTurboJpeg } from './turbo-jpeg.ts';

/** A picture of more pixels, or of a longer side, is refused before its memory is spent. */
const MAX_PIXELS = 50_000_000;
const MAX_SIDE = 32_768;

/** Loaded when it is first needed: a thread that sees only photographs of a camera does without its 3 MB. */
let libvips: Promise<typeof SharpModule.default> | undefined;
const loadLibvips = (): Promise<typeof SharpModule.default> =>
  (libvips ??= import('sharp').then(({ default: sharp }) => {
    sharp.cache(false);
    sharp.concurrency(1);
    return sharp;
  }));

/** For worker threads: the main one has an event loop to keep, and leaves the work to the threads of libvips. */
const turboJpeg = isMainThread ? undefined : openTurboJpeg();

/** A picture of one channel of 16 bits: centi-kelvin, millimetres. `values.length === width * height`, row-major. */
export interface Grey16 {
  readonly width: number;
  readonly height: number;
  readonly values: Uint16Array;
}

/**
 * Decodes JPEG, PNG, WebP or GIF to 8-bit RGB as PIL's `convert("RGB")` does: not turned by its EXIF orientation, its colour profile
 * not applied, transparency left out (not blended), the first frame of an animation. Of 16 bits the upper 8 are kept (PIL does so
 * for colour; a grey one it cuts off at 255, which leaves it white).
 *
 * @param spares where a buffer for the pixels may be left over
 * @throws PayloadError `BAD_PICTURE`, `PICTURE_TOO_LARGE`
 */
export async function decodePicture(bytes: Uint8Array, spares?: SpareBuffers): Promise<RgbPicture> {
  const head = turboJpeg && jpegHead(bytes);
  // What TurboJPEG does not find clean is judged by libvips, as where there is no TurboJPEG.
  const photo = head?.channels === 3 && fits(head) ? turboJpeg?.(bytes, head, spares) : undefined;
  return photo ?? decoded(bytes, rgbOf);
}

const fits = ({ width, height }: JpegHead): boolean => Math.max(width, height) <= MAX_SIDE && width * height <= MAX_PIXELS;

async function rgbOf(image: Sharp, { space }: Head): Promise<RgbPicture> {
  if (space === 'cmyk') {
    const { data, info } = await image.pipelineColourspace('cmyk').toColourspace('cmyk').raw().toBuffer({ resolveWithObject: true });
    return { kind: 'rgb24', width: info.width, height: info.height, data: fromCmyk(data) };
  }
  const { data, info } = await image.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { kind: 'rgb24', width: info.width, height: info.height, data: info.channels === 3 ? data : repeated(data) };
}

/**
 * Decodes a 16-bit grey PNG to its numbers, unchanged.
 *
 * @throws PayloadError `BAD_PICTURE`, `PICTURE_TOO_LARGE`
 */
export const decodeGrey16 = (bytes: Uint8Array): Promise<Grey16> =>
  decoded(bytes, async (image, { space, depth, channels }) => {
    if (space !== 'grey16')
      throw new PayloadError('BAD_PICTURE', `the picture has ${channels} channels of ${depth}; wanted a 16-bit grey PNG`);
    const { data, info } = await image.toColourspace('grey16').raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true });
    // A copy: the buffer may begin at an odd byte of a larger one.
    const values = new Uint16Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    return { width: info.width, height: info.height, values };
  });

/** What is known of a picture before it is decoded. */
interface Head {
  readonly width: number;
  readonly height: number;
  readonly space: string;
  readonly depth: string;
  readonly channels: number;
}

async function decoded<T>(bytes: Uint8Array, read: (image: Sharp, head: Head) => Promise<T>): Promise<T> {
  const sharp = await loadLibvips();
  try {
    const image = sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'truncated', ignoreIcc: true });
    const head = photoHead(bytes) ?? (await image.metadata());
    if (Math.max(head.width, head.height) > MAX_SIDE) {
      throw new PayloadError('PICTURE_TOO_LARGE', `the picture is ${head.width}x${head.height}; at most ${MAX_SIDE} a side`);
    }
    return await read(image, head);
  } catch (cause) {
    if (cause instanceof PayloadError) throw cause;
    const message = messageOf(cause);
    if (message.includes('pixel limit'))
      throw new PayloadError('PICTURE_TOO_LARGE', `a picture of more than ${MAX_PIXELS} pixels`, { cause });
    throw new PayloadError('BAD_PICTURE', `the picture cannot be decoded: ${message}`, { cause });
  }
}

/** A camera's picture says at once what it is: asking libvips would be one more round through its threads for each. */
function photoHead(bytes: Uint8Array): Head | undefined {
  const head = jpegHead(bytes);
  return head?.channels === 3 ? { ...head, space: 'srgb', depth: 'uchar' } : undefined;
}

/** A grey picture has one channel; an encoder wants it three times. */
function repeated(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}

/** PIL's rule, which knows no ink profile: each ink takes its share of what black leaves. */
function fromCmyk(cmyk: Uint8Array): Uint8Array {
  const rgb = new Uint8Array((cmyk.length / 4) * 3);
  for (let i = 0, at = 0; i < cmyk.length; i += 4) {
    const light = 255 - (cmyk[i + 3] ?? 0);
    for (let ink = 0; ink < 3; ink++) {
      const product = (cmyk[i + ink] ?? 0) * light + 128;
      rgb[at++] = light - (((product >> 8) + product) >> 8);
    }
  }
  return rgb;
}

import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import type { SpareBuffers } from '../core/spare-buffers.ts';
import type { RgbPicture } from '../core/types.ts';
import type { JpegHead } from './jpeg-head.ts';

/**
 * Decodes a JPEG whose head is known; undefined where libjpeg has anything to say against it. Blocks its thread.
 *
 * @param spares where a buffer for the pixels may be left over
 */
export type JpegDecoder = (bytes: Uint8Array, head: JpegHead, spares?: SpareBuffers) => RgbPicture | undefined;

/** TurboJPEG's names: `TJPF_RGB`, and no flag, which is the exact inverse DCT and smooth chroma, as PIL and libvips ask for. */
const RGB = 0;
const NO_FLAGS = 0;

/**
 * The TurboJPEG library of the system (Debian: libturbojpeg0; Ubuntu: libturbojpeg): the same bits as PIL and libvips give, in a
 * quarter of the time of libvips. `EDGEBIND_TURBOJPEG` names another file, or `none`. Undefined where it is not there.
 *
 * One decoder belongs to one thread.
 */
export function openTurboJpeg(file: string = process.env['EDGEBIND_TURBOJPEG'] ?? 'libturbojpeg.so.0'): JpegDecoder | undefined {
  if (file === 'none') return undefined;
  try {
    // Not imported: where there is no build of it for this machine, only this decoder is missing.
    const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
    const library = koffi.load(file);
    const handle: unknown = library.func('void *tjInitDecompress()')();
    if (handle === null) return undefined;
    const decompress = library.func(
      'int tjDecompress2(void *handle, const uint8_t *jpeg, unsigned long size, uint8_t *rgb, int width, int pitch, int height, int format, int flags)',
    );
    return (bytes, { width, height }, spares) => {
      const length = width * height * 3;
      const data = new Uint8Array(spares?.take(length) ?? new ArrayBuffer(length));
      const isClean = decompress(handle, bytes, bytes.length, data, width, 0, height, RGB, NO_FLAGS) === 0;
      return isClean ? { kind: 'rgb24', width, height, data } : undefined;
    };
  } catch {
    return undefined;
  }
}

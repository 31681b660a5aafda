import { openTurboJpeg } from '../../frontends/turbo-jpeg.ts';
import type { Finding } from './finding.ts';

/** Whether pictures are decoded by TurboJPEG, which takes a quarter of the time. */
export function jpegCheck(): Finding {
  const check = 'TurboJPEG';
  if (openTurboJpeg()) return { check, status: 'ok', found: 'decodes JPEG' };
  return {
    check,
    status: 'warning',
    found: 'is not there: libvips decodes JPEG, the same bits in four times the time',
    todo: 'apt-get install -y libturbojpeg0 (Ubuntu: libturbojpeg); another file: EDGEBIND_TURBOJPEG=/path/to/libturbojpeg.so.0',
  };
}

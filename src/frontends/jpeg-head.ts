/** What the frame header (SOF) of a JPEG says. */
export interface JpegHead {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 colour, 4 inks. */
  readonly channels: number;
}

/**
 * Reads the frame header of a JPEG (ITU T.81, B.2.2), which is a few hundred bytes from its beginning; undefined where there is none
 * to be found, or the bytes are no JPEG.
 */
export function jpegHead(bytes: Uint8Array): JpegHead | undefined {
  const { byteOffset, byteLength } = bytes;
  const view = new DataView(bytes.buffer, byteOffset, byteLength);
  if (byteLength < 4 || view.getUint16(0) !== 0xffd8) return undefined;
  for (let at = 2; at + 10 <= byteLength;) {
    const marker = view.getUint16(at);
    if (isFrame(marker)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7), channels: view.getUint8(at + 9) };
    // Every other segment before the frame has a length that counts itself.
    const length = view.getUint16(at + 2);
    if (marker < 0xffc0 || marker > 0xfffe || marker === 0xffda || length < 2) return undefined;
    at += 2 + length;
  }
  return undefined;
}

/** SOF0 to SOF15, of which DHT, JPG and DAC are none. */
const isFrame = (marker: number): boolean =>
  marker >= 0xffc0 && marker <= 0xffcf && marker !== 0xffc4 && marker !== 0xffc8 && marker !== 0xffcc;

import { compress, decompress, init } from '@bokuweb/zstd-wasm';
import { PayloadError } from '../core/errors.ts';

/** No chunk of a recording is larger: what claims more is not read. */
export const MAX_CHUNK_BYTES = 256 * 1024 * 1024;

let ready: Promise<void> | undefined;

/** Loads the codec, once. */
export function openZstd(): Promise<void> {
  ready ??= init();
  return ready;
}

/** Level 1: a recording is written faster than any set of sensors speaks, and higher levels gain little on noise. */
export const zstdCompress = (bytes: Uint8Array): Uint8Array => compress(bytes, 1);

/**
 * Bytes of a zstd frame. Nothing is allocated before the size that the frame claims is the one that was announced.
 *
 * @throws PayloadError `badChunk`
 */
export function zstdDecompress(bytes: Uint8Array, size: bigint): Uint8Array {
  const claimed = contentSize(bytes);
  if (size > MAX_CHUNK_BYTES || claimed !== size)
    throw new PayloadError(
      'badChunk',
      `a zstd frame claims ${claimed ?? 'no'} bytes, the chunk ${size}; wanted the same, at most ${MAX_CHUNK_BYTES}`,
    );
  if (size === 0n) return new Uint8Array(0);
  return decompress(bytes);
}

/** The content size in a zstd frame header (RFC 8878, 3.1.1.1); undefined where it is not stated or this is no frame. */
function contentSize(bytes: Uint8Array): bigint | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 9) return undefined;
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const at = 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0);
  const flag = descriptor >> 6;
  const width = flag === 0 ? (isSingleSegment ? 1 : 0) : 1 << flag;
  if (width === 0 || at + width > bytes.length) return undefined;
  if (width === 1) return BigInt(view.getUint8(at));
  if (width === 2) return BigInt(view.getUint16(at, true) + 256);
  return width === 4 ? BigInt(view.getUint32(at, true)) : view.getBigUint64(at, true);
}

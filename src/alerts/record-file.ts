import { crc32 } from 'node:zlib';
import { EdgeBindError } from '../core/errors.ts';

/** `EBBG` */
const MAGIC = 0x47424245;
/** Raise it when an older reader would misread what is written now. */
const VERSION = 1;
const HEADER_BYTES = 8;
const FRAME_BYTES = 8;

/** The first bytes of a file of frames. */
export function fileHeader(): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  return bytes;
}

/** A frame: u32 LE length, u32 LE CRC-32 of the body, body. */
export function frameOf(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_BYTES + body.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, body.length, true);
  view.setUint32(4, crc32(body), true);
  bytes.set(body, FRAME_BYTES);
  return bytes;
}

/**
 * The bodies of a file's frames. Reading ends at the first that is torn or damaged: what was written after a power cut is not trusted.
 *
 * @throws EdgeBindError `STATE_UNREADABLE` for a file of another kind, `STATE_NEWER` for one of a newer version
 */
export function* framesIn(file: Uint8Array, path: string): Iterable<Uint8Array> {
  if (file.length < HEADER_BYTES) return;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== MAGIC)
    throw new EdgeBindError('STATE_UNREADABLE', `${path}: is no file of backgrounds; move it out of the state folder`);
  const version = view.getUint32(4, true);
  if (version > VERSION)
    throw new EdgeBindError(
      'STATE_NEWER',
      `${path}: was written by a newer EdgeBind (format ${version}, this one reads up to ${VERSION}); install that version, or move the file away to begin anew`,
    );
  for (let at = HEADER_BYTES; at + FRAME_BYTES <= file.length;) {
    const length = view.getUint32(at, true);
    const end = at + FRAME_BYTES + length;
    if (end > file.length) return;
    const body = file.subarray(at + FRAME_BYTES, end);
    if (crc32(body) !== view.getUint32(at + 4, true)) return;
    yield body;
    at = end;
  }
}

import { PayloadError } from './errors.ts';

/**
 * One binary WebSocket message:
 *
 *     u8 1 | u8 kind | u16 LE headerBytes | header: JSON, padded with spaces | body
 *
 * The padding makes the body start at a multiple of 4 from the start of the frame, so that a browser can lay a Float32Array over
 * it. Kinds: 1 `f32`, 2 `f16`, 3 `i8` (the body is a vector), 4 `raw` (the body is described by the header's `format`).
 */
export type FrameKind = 'f32' | 'f16' | 'i8' | 'raw';

export interface BinaryFrame {
  readonly kind: FrameKind;
  readonly header: Readonly<Record<string, unknown>>;
  /** A view of the frame, not a copy. */
  readonly body: Uint8Array;
}

const VERSION = 1;
const FIXED_BYTES = 4;
const MAX_HEADER_BYTES = 65_532;
const CODES: Readonly<Record<FrameKind, number>> = { f32: 1, f16: 2, i8: 3, raw: 4 };
const KINDS: readonly (FrameKind | undefined)[] = [undefined, 'f32', 'f16', 'i8', 'raw'];

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * A frame's bytes.
 *
 * @param header the JSON text of an object
 * @throws PayloadError `FRAME_HEADER_TOO_LONG` above 65,532 bytes
 */
export function encodeFrame(kind: FrameKind, header: string, body: Uint8Array): Uint8Array {
  const json = encoder.encode(header);
  const headerBytes = json.length + ((4 - (json.length % 4)) % 4);
  if (headerBytes > MAX_HEADER_BYTES) {
    throw new PayloadError('FRAME_HEADER_TOO_LONG', `a frame's header is ${json.length} bytes, at most ${MAX_HEADER_BYTES} fit`);
  }
  const frame = new Uint8Array(FIXED_BYTES + headerBytes + body.length);
  frame[0] = VERSION;
  frame[1] = CODES[kind];
  frame[2] = headerBytes & 0xff;
  frame[3] = headerBytes >>> 8;
  frame.set(json, FIXED_BYTES);
  frame.fill(0x20, FIXED_BYTES + json.length, FIXED_BYTES + headerBytes);
  frame.set(body, FIXED_BYTES + headerBytes);
  return frame;
}

/**
 * Reads a frame; never beyond its end, whatever it says of its own lengths.
 *
 * @throws PayloadError `BAD_FRAME`
 */
export function decodeFrame(frame: Uint8Array): BinaryFrame {
  const [version = 0, code = 0, low = 0, high = 0] = frame;
  const kind = KINDS[code];
  const bodyAt = FIXED_BYTES + low + high * 256;
  if (frame.length < FIXED_BYTES) throw bad(`${frame.length} bytes, at least ${FIXED_BYTES} wanted`);
  if (version !== VERSION) throw bad(`version ${version}, this reader knows ${VERSION}`);
  if (!kind) throw bad(`kind ${code}, known are 1 to ${KINDS.length - 1}`);
  if (bodyAt > frame.length) throw bad(`its header should end at byte ${bodyAt}, the frame has ${frame.length}`);
  let header: unknown;
  try {
    header = JSON.parse(decoder.decode(frame.subarray(FIXED_BYTES, bodyAt)));
  } catch (cause) {
    throw bad('its header is no JSON in UTF-8', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw bad('its header is no JSON object');
  return { kind, header: header as Record<string, unknown>, body: frame.subarray(bodyAt) };
}

const bad = (what: string, cause?: unknown): PayloadError => new PayloadError('BAD_FRAME', `not an EdgeBind frame: ${what}`, { cause });

import type { DecodedFrame } from '../src/core/decoder.ts';
import { MORE, type Finding } from './framed-decoder.ts';

/** A protocol whose frames begin with a header and have a length that the header tells. */
export interface HeaderProtocol {
  /** Whether a frame may begin with this byte. */
  starts(byte: number): boolean;
  /** Bytes of the frame at `at`: 0 where its header cannot be one, undefined where more bytes are needed to tell. */
  length(data: Uint8Array, at: number, to: number): number | undefined;
  /** The frame in `[at, at + length)`, or undefined where its checksum or its content does not hold. */
  read(data: Uint8Array, at: number, length: number): DecodedFrame | undefined;
}

/**
 * Finds frames by their header. After a checksum that does not hold, the search goes on at the very next byte, so that a false
 * header never swallows the good frame behind it.
 */
export function findByHeader(protocol: HeaderProtocol, data: Uint8Array, from: number, to: number): Finding {
  let at = from;
  while (at < to && !protocol.starts(data[at] ?? 0)) at++;
  if (at > from) return { kind: 'skip', bytes: at - from };
  if (at === to) return MORE;
  const length = protocol.length(data, at, to);
  if (length === undefined || at + length > to) return MORE;
  if (length === 0) return { kind: 'skip', bytes: 1 };
  const frame = protocol.read(data, at, length);
  return frame ? { kind: 'frame', bytes: length, frame } : { kind: 'bad', bytes: 1 };
}

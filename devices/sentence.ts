import { crc16 } from './crc16.ts';
import { MORE, type Finding } from './framed-decoder.ts';
import { textOf } from './bytes.ts';
import type { DecodedFrame } from '../src/core/decoder.ts';

/** Longer sentences are given up. NMEA 0183 allows 82 characters, receivers send more. */
const MAX_BYTES = 1024;
const STAR = 0x2a;
const CR = 0x0d;
const LF = 0x0a;

const isHex = (byte: number): boolean => (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);
const isUpper = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x30 && byte <= 0x39);
/** Reserved characters that begin a sentence. They never occur inside one. */
export const isSentenceStart = (byte: number): boolean => byte === 0x24 || byte === 0x21;

export interface SentenceOptions {
  /** The frame out of the sentence's name and its other fields; undefined where they do not hold. */
  read(name: string, fields: string[]): DecodedFrame | undefined;
  /** Allow a checksum of four hex digits, CRC-16 with initial value 0. Default false. */
  readonly wideChecksum?: boolean;
}

/**
 * Reads the sentence `$NAME,field,...*HH` at `from`, where a `$` or `!` stands. The checksum is the XOR of all characters
 * between, in two hex digits; a sentence without one does not hold. A `$` inside means that the first sentence was cut: the
 * search goes on at the second.
 */
export function findSentence(options: SentenceOptions, data: Uint8Array, from: number, to: number, ended: boolean): Finding {
  const limit = Math.min(to, from + MAX_BYTES);
  for (let offset = 1; offset <= 2; offset++) {
    if (from + offset >= to) return MORE;
    if (!isUpper(data[from + offset] ?? 0)) return { kind: 'skip', bytes: 1 };
  }
  let at = from + 3;
  let xor = (data[from + 1] ?? 0) ^ (data[from + 2] ?? 0);
  for (; at < limit; at++) {
    const byte = data[at] ?? 0;
    if (byte === STAR) break;
    if (byte < 0x20 || byte > 0x7e || isSentenceStart(byte)) return { kind: 'bad', bytes: at - from };
    xor ^= byte;
  }
  if (at === limit) return limit < from + MAX_BYTES ? MORE : { kind: 'bad', bytes: MAX_BYTES };

  const digits = at + 1;
  let end = digits;
  while (end < to && end < digits + 5 && isHex(data[end] ?? 0)) end++;
  if (end === to && !ended && end < digits + 5) return MORE;
  const given = Number.parseInt(textOf(data, digits, end), 16);
  const wide = options.wideChecksum === true && end - digits === 4;
  const holds = wide ? given === crc16(data, from + 1, at, 0) : end - digits === 2 && given === xor;
  const [name = '', ...fields] = holds ? textOf(data, from + 1, at).split(',') : [];
  const frame = holds ? options.read(name, fields) : undefined;
  if (!frame) return { kind: 'bad', bytes: end - from };
  if (data[end] === CR && end < to) end++;
  if (end === to && !ended) return MORE;
  if (data[end] === LF && end < to) end++;
  return { kind: 'frame', bytes: end - from, frame };
}

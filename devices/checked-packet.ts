import type { DecodedFrame } from '../src/core/decoder.ts';
import { crc16 } from './crc16.ts';

export interface PacketOptions {
  /** Whether a CRC-16 stands behind the payload. Default true. */
  readonly crc?: boolean;
  /** Longest frame on the line, bytes. Default 1 MiB. */
  readonly maxFrameBytes?: number;
}

interface CheckedPacket {
  readonly maxBytes: number;
  /** Where to put the decoded bytes: at least `bytes` long, reused by the next packet. */
  room(bytes: number): Uint8Array;
  /** The frame of the first `length` bytes of the room; undefined where the CRC does not hold. */
  check(length: number): DecodedFrame | undefined;
}

/** What COBS and SLIP share: a buffer for the unstuffed bytes and the CRC-16/CCITT-FALSE behind the payload. */
export function checkedPacket(name: string, { crc = true, maxFrameBytes = 1 << 20 }: PacketOptions): CheckedPacket {
  let room = Buffer.allocUnsafe(4096);
  return {
    maxBytes: maxFrameBytes,
    room: (bytes) => {
      if (room.length < bytes) room = Buffer.allocUnsafe(Math.max(bytes, room.length * 2));
      return room;
    },
    check: (length) => {
      if (!crc) return { frame: name, hex: room.toString('hex', 0, length) };
      // Over a payload with its own CRC behind it, big-endian, this CRC is zero.
      if (length < 2 || crc16(room, 0, length) !== 0) return undefined;
      return { frame: name, hex: room.toString('hex', 0, length - 2) };
    },
  };
}

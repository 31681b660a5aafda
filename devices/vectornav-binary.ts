import type { DecodedFrame } from '../src/core/decoder.ts';
import { radians, u16le, viewOf } from './bytes.ts';
import { crc16 } from './crc16.ts';
import type { HeaderProtocol } from './header-framing.ts';

const SYNC = 0xfa;

/** Bytes of each output by group and bit (VN-100 / VN-300 user manuals, binary output groups 1 to 6); 0: reserved. */
const SIZES: readonly (readonly number[])[] = [
  [8, 8, 8, 12, 16, 12, 24, 12, 12, 24, 20, 28, 2, 4, 8, 0],
  [8, 8, 8, 2, 8, 8, 8, 4, 4, 1, 0, 0, 0, 0, 0, 0],
  [2, 12, 12, 12, 4, 4, 16, 12, 12, 12, 12, 2, 40, 0, 0, 0],
  [8, 8, 2, 1, 1, 24, 24, 12, 12, 12, 4, 4, 32, 2, 28, 0],
  [2, 12, 16, 36, 12, 12, 12, 12, 12, 12, 28, 24, 0, 0, 0, 0],
  [2, 24, 24, 12, 12, 12, 12, 12, 12, 4, 4, 68, 64, 0, 0, 0],
];

type Fields = Record<string, unknown>;
type Reader = (view: DataView, at: number, fields: Fields) => void;

const floats = (view: DataView, at: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => view.getFloat32(at + index * 4, true));
const vector =
  (name: string): Reader =>
  (view, at, fields) => {
    fields[name] = floats(view, at, 3);
  };
const nanoseconds =
  (name: string): Reader =>
  (view, at, fields) => {
    fields[name] = Number(view.getBigUint64(at, true) / 1000n);
  };
const attitude: Reader = (view, at, fields) => {
  const [yaw = 0, pitch = 0, roll = 0] = floats(view, at, 3);
  fields['angle'] = [radians(roll), radians(pitch), radians(yaw)];
};
const quaternion: Reader = (view, at, fields) => {
  const [x = 0, y = 0, z = 0, w = 0] = floats(view, at, 4);
  fields['quat'] = [w, x, y, z];
};
/** Uncompensated values: for those who have no compensated ones. */
const fallback =
  (name: string, offset: number): Reader =>
  (view, at, fields) => {
    fields[name] ??= floats(view, at + offset, 3);
  };

/** What is read, in this order; the other outputs are stepped over. Key: group * 16 + bit, both from 0. */
const READERS: readonly (readonly [number, Reader])[] = [
  [0, nanoseconds('startupUs')],
  [1, nanoseconds('gpsUs')],
  [16, nanoseconds('startupUs')],
  [17, nanoseconds('gpsUs')],
  [3, attitude],
  [65, attitude],
  [4, quaternion],
  [66, quaternion],
  [8, vector('acc')],
  [41, vector('acc')],
  [5, vector('gyro')],
  [42, vector('gyro')],
  [40, vector('mag')],
  [10, vector('mag')],
  [9, fallback('acc', 0)],
  [9, fallback('gyro', 12)],
  [34, fallback('acc', 0)],
  [35, fallback('gyro', 0)],
];

/**
 * VectorNav binary output: FA, a byte of groups, 16 bits of outputs for each group, the outputs in order, CRC-16 (initial 0) over
 * all but FA, high byte first; numbers little-endian. A header with reserved bits is no header.
 */
export const vectornavBinary: HeaderProtocol = {
  starts: (byte) => byte === SYNC,
  length: (data, at, to) => {
    if (at + 1 >= to) return undefined;
    const groups = data[at + 1] ?? 0;
    if (groups === 0 || groups >= 1 << SIZES.length) return 0;
    let header = 2;
    let payload = 0;
    for (let group = 0; group < SIZES.length; group++) {
      if ((groups & (1 << group)) === 0) continue;
      if (at + header + 2 > to) return undefined;
      const outputs = u16le(data, at + header);
      if (outputs === 0) return 0;
      for (let bit = 0; bit < 16; bit++) {
        if ((outputs & (1 << bit)) === 0) continue;
        const size = SIZES[group]?.[bit] ?? 0;
        if (size === 0) return 0;
        payload += size;
      }
      header += 2;
    }
    return header + payload + 2;
  },
  read: (data, at, length): DecodedFrame | undefined => {
    if (crc16(data, at + 1, at + length, 0) !== 0) return undefined;
    const places = placesOf(data, at);
    const view = viewOf(data, at, length);
    const fields: Fields = {};
    for (const [output, read] of READERS) {
      const place = places.get(output);
      if (place !== undefined) read(view, place, fields);
    }
    return { frame: 'binary', ...fields };
  },
};

/** Where each output of the frame at `at` lies, from its first byte. */
function placesOf(data: Uint8Array, at: number): Map<number, number> {
  const groups = data[at + 1] ?? 0;
  const present = SIZES.map((_, group) => group).filter((group) => (groups & (1 << group)) !== 0);
  const places = new Map<number, number>();
  let place = 2 + present.length * 2;
  for (const [index, group] of present.entries()) {
    const outputs = u16le(data, at + 2 + index * 2);
    for (let bit = 0; bit < 16; bit++) {
      if ((outputs & (1 << bit)) === 0) continue;
      places.set(group * 16 + bit, place);
      place += SIZES[group]?.[bit] ?? 0;
    }
  }
  return places;
}

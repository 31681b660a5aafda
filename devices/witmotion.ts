import type { DecodedFrame, FrameDecoder } from '../src/core/decoder.ts';
import { type AssembledReading, type Assembler, type AssemblerStats, imuPayload } from './assembler.ts';
import { i16le, radians, scaled3, u16le } from './bytes.ts';
import { framedDecoder } from './framed-decoder.ts';
import { findByHeader, type HeaderProtocol } from './header-framing.ts';

/** The data sheet rounds to 9.8; the modules are calibrated in units of standard gravity. */
const STANDARD_GRAVITY = 9.80665;
const FRAME_BYTES = 11;
const acc = (16 * STANDARD_GRAVITY) / 32768;
const gyro = radians(2000) / 32768;
const angle = radians(180) / 32768;

/** By type; `at` is the first byte behind it. */
const TYPES: ReadonlyMap<number, (data: Uint8Array, at: number) => DecodedFrame> = new Map<
  number,
  (data: Uint8Array, at: number) => DecodedFrame
>([
  [0x50, (data, at) => ({ frame: 'time', ...clock(data, at) })],
  [0x51, (data, at) => ({ frame: 'acc', acc: scaled3(data, at, acc), temperatureCelsius: i16le(data, at + 6) / 100 })],
  [0x52, (data, at) => ({ frame: 'gyro', gyro: scaled3(data, at, gyro) })],
  [0x53, (data, at) => ({ frame: 'angle', angle: scaled3(data, at, angle) })],
  [0x54, (data, at) => ({ frame: 'mag', mag: scaled3(data, at, 1), temperatureCelsius: i16le(data, at + 6) / 100 })],
  [0x59, (data, at) => ({ frame: 'quat', quat: [...scaled3(data, at, 1 / 32768), i16le(data, at + 6) / 32768] })],
]);

const protocol: HeaderProtocol = {
  starts: (byte) => byte === 0x55,
  length: (data, at, to) => {
    if (at + 1 >= to) return undefined;
    return TYPES.has(data[at + 1] ?? 0) ? FRAME_BYTES : 0;
  },
  read: (data, at) => {
    let sum = 0;
    for (let offset = 0; offset < FRAME_BYTES - 1; offset++) sum += data[at + offset] ?? 0;
    if ((sum & 0xff) !== data[at + FRAME_BYTES - 1]) return undefined;
    return TYPES.get(data[at + 1] ?? 0)?.(data, at + 2);
  },
};

/**
 * WitMotion modules (WT901, WT61, JY901, HWT905 ...): 0x55, type, four little-endian int16, 8-bit sum of all bytes before.
 * Full scale 16 g, 2000 deg/s, 180 deg (data sheet WT901 v20-0702, section 5.1). Types other than the six that are named here
 * (port status, pressure, GPS) are skipped.
 */
export const witmotionDecoder = (): FrameDecoder => framedDecoder((data, from, to) => findByHeader(protocol, data, from, to));

/**
 * One reading for each `acc` and the `gyro` directly behind it, as the module sends them. An `acc` without its `gyro`, a `gyro`
 * without its `acc`, and a pair with lost bytes between are `incomplete`. A `time` frame in front stamps the reading.
 */
export function witmotionAssembler(): Assembler {
  const stats: AssemblerStats = { begun: 0, completed: 0, incomplete: 0, unused: 0 };
  let pending: DecodedFrame | undefined;
  let deviceUs: number | undefined;

  const giveUp = (): void => {
    if (pending) stats.incomplete++;
    pending = undefined;
  };
  const begin = (): void => {
    stats.begun++;
  };

  return {
    stats,
    get pending() {
      return pending ? 1 : 0;
    },
    interrupt: giveUp,
    push: (frame, afterGap = false): AssembledReading | undefined => {
      if (afterGap || frame.frame !== 'gyro') giveUp();
      if (frame.frame === 'acc') {
        begin();
        if (afterGap) deviceUs = undefined;
        pending = frame;
      } else if (frame.frame === 'gyro') {
        if (!pending) begin();
        const payload = imuPayload(pending?.['acc'], frame['gyro']);
        pending = undefined;
        const stamp = deviceUs === undefined ? {} : { deviceUs };
        deviceUs = undefined;
        if (!payload) stats.incomplete++;
        else {
          stats.completed++;
          return { payload, ...stamp };
        }
      } else {
        stats.unused++;
        deviceUs = frame.frame === 'time' ? Number(frame['deviceMs']) * 1000 : undefined;
      }
      return undefined;
    },
  };
}

/** The module's clock: 20YY-MM-DD hh:mm:ss.mmm of no time zone; not set, it counts from wherever it began. */
function clock(data: Uint8Array, at: number): { time: string; deviceMs: number } {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = data.subarray(at, at + 6);
  const milli = u16le(data, at + 6);
  const two = (part: number): string => String(part).padStart(2, '0');
  return {
    time: `20${two(year)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}.${String(milli).padStart(3, '0')}`,
    deviceMs: Date.UTC(2000 + year, month - 1, day, hour, minute, second, milli),
  };
}

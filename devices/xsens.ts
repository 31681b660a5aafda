import type { DecodedFrame, FrameDecoder } from '../src/core/decoder.ts';
import { type Assembler, imuPayload, oneFrameAssembler } from './assembler.ts';
import { u16be } from './bytes.ts';
import { framedDecoder } from './framed-decoder.ts';
import { findByHeader, type HeaderProtocol } from './header-framing.ts';
import { unwrapClock, unwrapCounter } from './unwrap-counter.ts';
import { readXsensItems } from './xsens-items.ts';

const PREAMBLE = 0xfa;
/** Preamble, bus id of a device on its own line, message id of MTData2. */
const HEADER = [PREAMBLE, 0xff, 0x36];
/** In the length byte: two more bytes hold the length. */
const EXTENDED = 0xff;
const MAX_PAYLOAD = 2048;
/** SampleTimeFine counts at 10 kHz. */
const TICK_US = 100;

const protocol: HeaderProtocol = {
  starts: (byte) => byte === PREAMBLE,
  length: (data, at, to) => {
    for (let offset = 1; offset < HEADER.length; offset++) {
      if (at + offset >= to) return undefined;
      if (data[at + offset] !== HEADER[offset]) return 0;
    }
    if (at + 3 >= to) return undefined;
    const short = data[at + 3] ?? 0;
    if (short !== EXTENDED) return 4 + short + 1;
    if (at + 5 >= to) return undefined;
    const long = u16be(data, at + 4);
    return long > MAX_PAYLOAD ? 0 : 6 + long + 1;
  },
  read: (data, at, length): DecodedFrame | undefined => {
    let sum = 0;
    for (let offset = 1; offset < length; offset++) sum += data[at + offset] ?? 0;
    if ((sum & 0xff) !== 0) return undefined;
    const payload = at + (data[at + 3] === EXTENDED ? 6 : 4);
    const fields: Record<string, unknown> = {};
    return readXsensItems(data, payload, at + length - 1, fields) ? { frame: 'mtdata2', ...fields } : undefined;
  },
};

/**
 * Xsens MTi: MTData2 messages, FA FF 36, length (one byte, or FF and two), items, checksum that makes the sum of all bytes but
 * the preamble zero; big-endian. The other messages of the bus are skipped (MT Low Level Communication Protocol).
 */
export const xsensDecoder = (): FrameDecoder => framedDecoder((data, from, to) => findByHeader(protocol, data, from, to));

/** One reading for each message with acceleration and rate of turn, stamped with SampleTimeFine, numbered by the packet counter. */
export function xsensAssembler(): Assembler {
  const counter = unwrapCounter(16);
  const clock = unwrapClock(32);
  return oneFrameAssembler((frame) => {
    const payload = imuPayload(frame['acc'], frame['gyro']);
    if (!payload) return undefined;
    const { counter: packet, timeFine } = frame;
    return {
      payload,
      ...(typeof packet === 'number' ? { seq: counter(packet) } : {}),
      ...(typeof timeFine === 'number' ? { deviceUs: clock(timeFine) * TICK_US } : {}),
    };
  });
}

import type { DecodedFrame, DecoderStats } from '../src/core/decoder.ts';
import { type DecoderOptions, protocolNamed } from '../devices/protocols.ts';

/** Builders of the bytes that devices send, written from the data sheets and independent of the decoders. */

const u8 = (...bytes: number[]): Buffer => Buffer.from(bytes.map((byte) => byte & 0xff));
const i16 = (...words: number[]): Buffer => {
  const out = Buffer.alloc(words.length * 2);
  words.forEach((word, index) => out.writeUInt16LE(word & 0xffff, index * 2));
  return out;
};
const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => sum + byte, 0);

export const witmotionFrame = (type: number, words: readonly number[]): Buffer => {
  const body = Buffer.concat([u8(0x55, type), i16(...words)]);
  return Buffer.concat([body, u8(sumOf(body))]);
};

export const gyFrame = (centiCelsius: readonly number[], ambient: number): Buffer => {
  const body = Buffer.concat([u8(0x5a, 0x5a, 0x02, 0x06), i16(...centiCelsius, ambient)]);
  let sum = 0;
  for (let at = 0; at < body.length; at += 2) sum += body.readUInt16LE(at);
  return Buffer.concat([body, i16(sum)]);
};

export const xsensItem = (id: number, data: Uint8Array): Buffer => Buffer.concat([u8(id >> 8, id, data.length), data]);
export const float32s = (...values: number[]): Buffer => {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => out.writeFloatBE(value, index * 4));
  return out;
};
export const xsensMessage = (payload: Uint8Array, id = 0x36): Buffer => {
  const length = payload.length < 255 ? u8(payload.length) : u8(255, payload.length >> 8, payload.length);
  const body = Buffer.concat([u8(0xff, id), length, payload]);
  return Buffer.concat([u8(0xfa), body, u8(-sumOf(body))]);
};

/** Bit by bit, so that the table of the real one is checked too. */
export const slowCrc16 = (bytes: Uint8Array, initial: number): number => {
  let crc = initial;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc;
};
const withCrc = (payload: Uint8Array): Buffer => {
  const crc = slowCrc16(payload, 0xffff);
  return Buffer.concat([payload, u8(crc >> 8, crc)]);
};

export const sentence = (body: string, digits: 2 | 4 = 2): Buffer => {
  const bytes = Buffer.from(body, 'latin1');
  const sum = digits === 4 ? slowCrc16(bytes, 0) : bytes.reduce((xor, byte) => xor ^ byte, 0);
  return Buffer.from(`$${body}*${sum.toString(16).toUpperCase().padStart(digits, '0')}\r\n`, 'latin1');
};

export const vectornavBinary = (groups: number, outputs: readonly number[], payload: Uint8Array): Buffer => {
  const body = Buffer.concat([u8(groups), i16(...outputs), payload]);
  const crc = slowCrc16(body, 0);
  return Buffer.concat([u8(0xfa), body, u8(crc >> 8, crc)]);
};

/** One VoSPI packet; `segment` goes into the id of packet 20. */
export const leptonPacket = (line: number, pixels: readonly number[], segment = 0): Buffer => {
  const packet = Buffer.alloc(164);
  packet.writeUInt16BE(line, 0);
  pixels.forEach((pixel, index) => packet.writeUInt16BE(pixel, 4 + index * 2));
  packet.writeUInt16BE(slowCrc16(packet, 0), 2);
  if (line === 20) packet[0] = (packet[0] ?? 0) | (segment << 4);
  return packet;
};
/** 60 packets in which every pixel says where it is. */
export const leptonSegment = (base: number, segment = 0): Buffer =>
  Buffer.concat(
    Array.from({ length: 60 }, (_, line) =>
      leptonPacket(
        line,
        Array.from({ length: 80 }, (__, column) => base + line * 80 + column),
        segment,
      ),
    ),
  );

export const slipFrame = (payload: Uint8Array, { crc = true, leading = false } = {}): Buffer => {
  const out: number[] = leading ? [0xc0] : [];
  for (const byte of crc ? withCrc(payload) : payload) {
    if (byte === 0xc0) out.push(0xdb, 0xdc);
    else if (byte === 0xdb) out.push(0xdb, 0xdd);
    else out.push(byte);
  }
  return u8(...out, 0xc0);
};

export const cobsFrame = (payload: Uint8Array, { crc = true } = {}): Buffer => {
  const out: number[] = [];
  let block: number[] = [];
  for (const byte of crc ? withCrc(payload) : payload) {
    if (byte !== 0) block.push(byte);
    if (byte === 0 || block.length === 254) {
      out.push(block.length + 1, ...block);
      block = [];
    }
  }
  return u8(...out, block.length + 1, ...block, 0);
};

export interface Decoded {
  readonly frames: DecodedFrame[];
  readonly stats: Readonly<DecoderStats>;
}

/** All frames of the bytes, pushed in pieces of these lengths; what remains is one more piece. */
export const decodeAll = (protocol: string, bytes: Uint8Array, lengths: readonly number[] = [], options: DecoderOptions = {}): Decoded => {
  const decoder = protocolNamed(protocol).createDecoder(options);
  const frames: DecodedFrame[] = [];
  const drain = (): void => {
    for (let frame = decoder.next(); frame; frame = decoder.next()) frames.push(frame);
  };
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    // A copy that is spoilt afterwards: the decoder must not keep the caller's bytes.
    const piece = Uint8Array.from(bytes.subarray(at, at + length));
    decoder.push(piece);
    piece.fill(0xa5);
    drain();
    at += length;
  }
  decoder.end();
  drain();
  return { frames, stats: { ...decoder.stats } };
};

/** Lengths that cut every byte from the next. */
export const byteByByte = (bytes: Uint8Array): number[] => new Array<number>(bytes.length).fill(1);

import type { DecodedFrame, FrameDecoder } from '../src/core/decoder.ts';
import { type Assembler, oneFrameAssembler } from './assembler.ts';
import { i16le, u16le } from './bytes.ts';
import { framedDecoder } from './framed-decoder.ts';
import { findByHeader, type HeaderProtocol } from './header-framing.ts';

const WIDTH = 32;
const HEIGHT = 24;
const PIXELS = WIDTH * HEIGHT;
const HEADER = [0x5a, 0x5a, 0x02, 0x06];
/** Header, 768 pixels, ambient, checksum. */
const FRAME_BYTES = 4 + PIXELS * 2 + 2 + 2;

const protocol: HeaderProtocol = {
  starts: (byte) => byte === HEADER[0],
  length: (data, at, to) => {
    for (let offset = 1; offset < HEADER.length; offset++) {
      if (at + offset >= to) return undefined;
      if (data[at + offset] !== HEADER[offset]) return 0;
    }
    return FRAME_BYTES;
  },
  read: (data, at): DecodedFrame | undefined => {
    let sum = 0;
    for (let offset = 0; offset < FRAME_BYTES - 2; offset += 2) sum += u16le(data, at + offset);
    if ((sum & 0xffff) !== u16le(data, at + FRAME_BYTES - 2)) return undefined;
    const celsius = new Float64Array(PIXELS);
    for (let pixel = 0; pixel < PIXELS; pixel++) celsius[pixel] = i16le(data, at + 4 + pixel * 2) / 100;
    return { frame: 'gy-mcu90640', width: WIDTH, height: HEIGHT, celsius, ambientCelsius: i16le(data, at + 4 + PIXELS * 2) / 100 };
  },
};

/**
 * GY-MCU90640, the MLX90640 behind a microcontroller: 5A 5A, length 0x0602, 768 int16 centi-degrees Celsius row by row (24 rows
 * of 32), int16 ambient, then the sum of all 16-bit words before, modulo 65536; everything little-endian (user manual v1).
 */
export const gyMcu90640Decoder = (): FrameDecoder => framedDecoder((data, from, to) => findByHeader(protocol, data, from, to));

/** One picture of 32 x 24 for each frame. */
export const gyMcu90640Assembler = (): Assembler =>
  oneFrameAssembler(({ celsius }) =>
    celsius instanceof Float64Array
      ? { payload: { kind: 'thermal', width: WIDTH, height: HEIGHT, celsius: Float32Array.from(celsius) } }
      : undefined,
  );

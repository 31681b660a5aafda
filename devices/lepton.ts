import type { FrameDecoder } from '../src/core/decoder.ts';
import { type Assembler, oneFrameAssembler } from './assembler.ts';
import { u16be } from './bytes.ts';
import { crc16 } from './crc16.ts';
import { type Finding, framedDecoder, MORE } from './framed-decoder.ts';
import { leptonImages } from './lepton-images.ts';

const PACKET_BYTES = 164;
/** 60 lines of picture, perhaps 3 of telemetry. */
const MAX_PACKET_NUMBER = 62;

/**
 * FLIR Lepton, VoSPI packets as a bridge hands them on: 164 bytes, id, CRC-16 (initial 0, over the packet with the id's top four
 * bits and the CRC zeroed), 80 big-endian pixels (Lepton engineering data sheet, VoSPI protocol). 60 packets make a picture of
 * 80 x 60, four numbered segments of them one of 160 x 120; discard packets and segments numbered 0 are skipped; a picture of
 * which a packet was lost is bad.
 */
export function leptonDecoder(): FrameDecoder {
  const images = leptonImages(PACKET_BYTES);
  const scratch = new Uint8Array(PACKET_BYTES);

  const find = (data: Uint8Array, from: number, to: number, ended: boolean): Finding => {
    let at = from;
    while (at < to && !mayBegin(data, at, to)) at++;
    if (at > from) return { kind: 'skip', bytes: at - from };
    if (at + PACKET_BYTES > to) return ended ? { kind: 'skip', bytes: Math.min(1, to - from), lost: images.giveUp() } : MORE;
    // A run of zeros would pass for packets whose CRC holds.
    const zeros = zerosFrom(data, at, to);
    if (zeros >= PACKET_BYTES) return { kind: 'skip', bytes: zeros - PACKET_BYTES + 1 };
    scratch.set(data.subarray(at, at + PACKET_BYTES));
    scratch[0] = (scratch[0] ?? 0) & 0x0f;
    scratch.fill(0, 2, 4);
    return crc16(scratch, 0, PACKET_BYTES, 0) === u16be(data, at + 2) ? images.add(data, at) : { kind: 'skip', bytes: 1 };
  };
  return framedDecoder(find);
}

/** One picture for each frame in degrees Celsius; frames in raw counts have no temperature and give none. */
export const leptonAssembler = (): Assembler =>
  oneFrameAssembler(({ celsius, width, height }) =>
    celsius instanceof Float64Array
      ? { payload: { kind: 'thermal', width: Number(width), height: Number(height), celsius: Float32Array.from(celsius) } }
      : undefined,
  );

/** The last byte that has come may always be the beginning of a packet. */
const mayBegin = (data: Uint8Array, at: number, to: number): boolean =>
  ((data[at] ?? 0) & 0x0f) === 0 && (at + 1 >= to || (data[at + 1] ?? 0) <= MAX_PACKET_NUMBER);

function zerosFrom(data: Uint8Array, at: number, to: number): number {
  let end = at;
  while (end < to && data[end] === 0) end++;
  return end - at;
}

import type { FrameDecoder } from '../src/core/decoder.ts';
import { type Assembler, imuPayload, oneFrameAssembler } from './assembler.ts';
import { framedDecoder } from './framed-decoder.ts';
import { findByHeader } from './header-framing.ts';
import { findSentence, type SentenceOptions } from './sentence.ts';
import { readVectornavSentence } from './vectornav-ascii.ts';
import { vectornavBinary } from './vectornav-binary.ts';

const DOLLAR = 0x24;
const sentences: SentenceOptions = {
  read: (name, fields) => (name.startsWith('VN') ? readVectornavSentence(name, fields) : undefined),
  wideChecksum: true,
};

/** VectorNav VN-100/200/300: `$VN...` sentences with 8-bit checksum or 16-bit CRC, and binary output, also mixed on one line. */
export const vectornavDecoder = (): FrameDecoder =>
  framedDecoder((data, from, to, ended) => {
    if (data[from] === DOLLAR && from < to) return findSentence(sentences, data, from, to, ended);
    let at = from;
    while (at < to && data[at] !== DOLLAR && !vectornavBinary.starts(data[at] ?? 0)) at++;
    return at > from ? { kind: 'skip', bytes: at - from } : findByHeader(vectornavBinary, data, from, to);
  });

/** One reading for each frame with acceleration and angular rate; binary frames are stamped with the time since startup or of GPS. */
export const vectornavAssembler = (): Assembler =>
  oneFrameAssembler((frame) => {
    const payload = imuPayload(frame['acc'], frame['gyro']);
    if (!payload) return undefined;
    const deviceUs = frame['startupUs'] ?? frame['gpsUs'];
    return { payload, ...(typeof deviceUs === 'number' ? { deviceUs } : {}) };
  });

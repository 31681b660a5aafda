import type { FrameDecoder } from '../src/core/decoder.ts';
import { framedDecoder } from './framed-decoder.ts';
import { findSentence, isSentenceStart, type SentenceOptions } from './sentence.ts';

const options: SentenceOptions = { read: (name, fields) => ({ frame: name, fields }) };

/** NMEA 0183 sentences (`$GPRMC,...*hh`, `!AIVDM,...*hh`): the frame is named after the sentence, `fields` are its texts. */
export const nmeaDecoder = (): FrameDecoder =>
  framedDecoder((data, from, to, ended) => {
    let at = from;
    while (at < to && !isSentenceStart(data[at] ?? 0)) at++;
    return at > from ? { kind: 'skip', bytes: at - from } : findSentence(options, data, from, to, ended);
  });

import { decodePicture } from '../frontends/decode-picture.ts';
import type { RecordedEvent } from './recorded-event.ts';

type ReadingEvent = Extract<RecordedEvent, { kind: 'reading' }>;

/**
 * A recorded reading as the pipeline saw it: a picture that was decoded from a JPEG is decoded again, by the same decoder, to the same bits.
 *
 * @throws PayloadError where the recorded JPEG is broken
 */
export async function asItCame(event: ReadingEvent): Promise<ReadingEvent> {
  const { reading, sample, isDecoded } = event;
  const { payload } = reading;
  if (!isDecoded || payload.kind !== 'encoded') return event;
  const picture = { ...(await decodePicture(payload.bytes)), jpeg: payload.bytes };
  return { ...event, reading: { ...reading, payload: picture }, ...(sample && { sample: { ...sample, payload: picture } }) };
}

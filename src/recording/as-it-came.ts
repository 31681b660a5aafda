import type { EncodedPicture, Picture } from '../core/types.ts';
import { decodePicture } from '../frontends/decode-picture.ts';
import type { RecordedEvent } from './recorded-event.ts';

type ReadingEvent = Extract<RecordedEvent, { kind: 'reading' }>;

/** The JPEG of a picture that the pipeline saw decoded; undefined: it saw what lies in the recording. */
export const jpegOf = ({ reading: { payload }, isDecoded }: ReadingEvent): EncodedPicture | undefined =>
  isDecoded && payload.kind === 'encoded' ? payload : undefined;

/**
 * A recorded reading as the pipeline saw it: a picture that was decoded from a JPEG is decoded again, to the same bits.
 *
 * @param decode what decodes it; default: the threads of libvips
 * @throws PayloadError where the recorded JPEG is broken
 */
export async function asItCame(event: ReadingEvent, decode: (jpeg: EncodedPicture) => Promise<Picture> = decoded): Promise<ReadingEvent> {
  const jpeg = jpegOf(event);
  if (!jpeg) return event;
  const { reading, sample } = event;
  const payload = await decode(jpeg);
  return { ...event, reading: { ...reading, payload }, ...(sample && { sample: { ...sample, payload } }) };
}

const decoded = async ({ bytes }: EncodedPicture): Promise<Picture> => ({ ...(await decodePicture(bytes)), jpeg: bytes });

import { PayloadError } from '../../core/errors.ts';
import { asItCame, jpegOf } from '../../recording/as-it-came.ts';
import type { PictureDecoder } from '../../recording/picture-decoder.ts';
import type { RecordedEvent } from '../../recording/recorded-event.ts';

/** Held at most: pictures that are decoded before their turn, and the events between them. */
const MAX_PICTURES = 8;
const MAX_EVENTS = 256;

interface Held {
  readonly event: RecordedEvent;
  /** The event with its picture, where it has one. */
  readonly decoded: Promise<RecordedEvent> | undefined;
}

/**
 * Events as the pipelines saw them, in their order. Their pictures are decoded while those before them are encoded, so that no encoder waits
 * for one. What comes out depends on the events alone.
 *
 * @param wantsPixels whether a source's pipeline may look at pixels, which those of this program do not
 */
export async function* decodeAhead(
  events: AsyncIterable<RecordedEvent>,
  decoder: PictureDecoder,
  wantsPixels: (source: string) => boolean,
): AsyncGenerator<RecordedEvent> {
  const held: Held[] = [];
  let pictures = 0;
  for await (const event of events) {
    const decoded = decodedEvent(event, decoder, wantsPixels);
    // It is looked at in its turn.
    decoded?.catch(() => undefined);
    if (decoded) pictures++;
    held.push({ event, decoded });
    while (pictures >= MAX_PICTURES || held.length >= MAX_EVENTS) {
      const first = held.shift();
      if (first?.decoded) pictures--;
      if (first) yield (await first.decoded) ?? first.event;
    }
  }
  for (const { event, decoded } of held) yield (await decoded) ?? event;
}

function decodedEvent(
  event: RecordedEvent,
  decoder: PictureDecoder,
  wantsPixels: (source: string) => boolean,
): Promise<RecordedEvent> | undefined {
  if (event.kind !== 'reading' || !jpegOf(event)) return undefined;
  return asItCame(event, (jpeg) => decoder.decode(jpeg, wantsPixels(event.source))).catch((error: unknown) => {
    // What is broken in the recording is for the pipeline to drop by name, as in any run.
    if (error instanceof PayloadError) return event;
    throw error;
  });
}

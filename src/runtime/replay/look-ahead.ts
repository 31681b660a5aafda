import type { RecordedEvent } from '../../recording/recorded-event.ts';

/** Held at most beside the time: a recording of pictures fills this first. */
const MAX_EVENTS = 20_000;

/**
 * Events as they come, each not before those of the next `aheadMs` have been shown to `see`: what became of a window is known when
 * its last sample is replayed.
 */
export async function* lookAhead(
  events: AsyncIterable<RecordedEvent>,
  aheadMs: number,
  see: (event: RecordedEvent) => void,
): AsyncGenerator<RecordedEvent> {
  let held: (RecordedEvent | undefined)[] = [];
  let head = 0;
  for await (const event of events) {
    see(event);
    held.push(event);
    for (let first = held[head]; first; first = held[head]) {
      if (event.atUs - first.atUs < aheadMs * 1000 && held.length - head < MAX_EVENTS) break;
      // Let go of: it may hold a picture.
      held[head++] = undefined;
      yield first;
    }
    if (head > 4096) {
      held = held.slice(head);
      head = 0;
    }
  }
  for (; head < held.length; head++) {
    const event = held[head];
    if (event) yield event;
  }
}

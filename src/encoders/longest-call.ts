/**
 * A call longer than this is not posted behind another one, and batches are kept below it: the few 0.1 ms that a worker waits for the
 * next message are then nothing, while a small sensor that comes in between would wait for all of it.
 */
export const LONGEST_CALL_MS = 25;

/** Items that go in one call at most. */
export const MOST_ITEMS = 4;

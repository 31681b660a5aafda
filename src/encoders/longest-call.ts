/** Batches are kept below this, so that nobody waits longer for one than for a single slow call. */
export const LONGEST_CALL_MS = 25;

/** Items that go in one call at most. */
export const MOST_ITEMS = 4;

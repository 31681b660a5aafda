import type { Alert } from './types.ts';

/** The kept alerts, oldest first. A client that comes back reads from here what it missed. */
export interface AlertLog {
  /** Cursor of the newest alert, 0 where there has been none. */
  readonly newest: number;
  /** Up to `limit` alerts with a cursor above `cursor`, in order; the first is later than `cursor + 1` where older ones are gone. */
  after(cursor: number, limit: number): readonly Alert[];
}

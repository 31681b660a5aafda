/** Nanoseconds of the epoch until the year 2043. */
const MAX_STAMP = 2 ** 61;
/** Microseconds of the epoch until the year 2112. Far enough below 2^53 that a count which goes on from here stays exact. */
const MAX_SEQUENCE = 2 ** 52;

/** Whether a number can be when a reading was taken, in whatever unit. One that cannot would move the source's time out of reach. */
export const isStamp = (value: number): boolean => Math.abs(value) <= MAX_STAMP;

/** Whether a number can be a reading's sequence number: beyond this range the next ones could not be told apart. */
export const isSequence = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_SEQUENCE;

export const WANTED_STAMP = 'a time of at most 2^61';
export const WANTED_SEQUENCE = 'a whole number from 0 to 2^52';

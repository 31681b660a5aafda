import { describe, expect, it } from 'vitest';
import { unwrapClock, unwrapCounter } from './unwrap-counter.ts';

describe('unwrapCounter', () => {
  it('starts where the device stands, passes the wrap and counts what is missing', () => {
    const unwrap = unwrapCounter(8);
    expect([250, 251, 255, 0, 3].map(unwrap)).toEqual([250, 251, 255, 256, 259]);
  });

  it('keeps a duplicate a duplicate', () => {
    const unwrap = unwrapCounter(8);
    expect([7, 7, 8].map(unwrap)).toEqual([7, 7, 8]);
  });

  it('goes on by one after the device started again', () => {
    const unwrap = unwrapCounter(8);
    expect([100, 0, 1].map(unwrap)).toEqual([100, 101, 102]);
  });
});

describe('unwrapClock', () => {
  it('passes the wrap and steps back with the device', () => {
    const unwrap = unwrapClock(8);
    expect([250, 4, 2, 10].map(unwrap)).toEqual([250, 260, 258, 266]);
  });

  it('begins with any value', () => {
    expect(unwrapClock(8)(200)).toBe(200);
  });
});

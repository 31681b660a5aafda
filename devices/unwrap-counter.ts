/**
 * Makes a counter of `bits` bits grow without end. A step forward by less than half its range counts as such, what is missing
 * included; the same value again stays the same (a duplicate); a step back means that the device started again: the count goes
 * on by one, because a number used before would be taken for a duplicate.
 */
export function unwrapCounter(bits: number): (raw: number) => number {
  const range = 2 ** bits;
  let lastRaw: number | undefined;
  let count = 0;
  return (raw) => {
    if (lastRaw === undefined) count = raw;
    else {
      const step = (raw - lastRaw + range) % range;
      count += step < range / 2 ? step : 1;
    }
    lastRaw = raw;
    return count;
  };
}

/** Makes a device's clock of `bits` bits grow without end. Steps back by less than half its range stay steps back. */
export function unwrapClock(bits: number): (raw: number) => number {
  const range = 2 ** bits;
  let lastRaw = 0;
  let time: number | undefined;
  return (raw) => {
    const step = (raw - lastRaw + range) % range;
    time = time === undefined ? raw : time + (step < range / 2 ? step : step - range);
    lastRaw = raw;
    return time;
  };
}

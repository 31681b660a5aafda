import { seeded } from '../src/space/bind/seeded.ts';

/** Alarms nearer to each other than this are one. */
export const APART_SECONDS = 10;

/** The scores of one rule on one source, of which the truth is known. */
export interface ScoredStream {
  /** Scores a second. */
  readonly hz: number;
  readonly scores: Float32Array;
  /** Number of the event that goes on, 0: none. */
  readonly events: Uint16Array;
  /** First score that is judged: ours has learnt by then. */
  from: number;
}

export interface Count {
  /** Alarms that were raised outside events. */
  readonly alarms: number;
  /** Events in which one was raised. */
  readonly found: number;
  readonly events: number;
  readonly days: number;
}

/** Counts alarms outside events, those within ten seconds as one, and the events in which one was raised. */
export function countAlarms({ events, from, hz }: ScoredStream, isUp: (i: number) => boolean, isDown: (i: number) => boolean): Count {
  const found = new Set<number>();
  const seen = new Set<number>();
  let alarms = 0;
  let isRaised = false;
  let deafUntil = 0;
  for (let i = from; i < events.length; i++) {
    const event = events[i] ?? 0;
    if (event > 0) seen.add(event);
    if (isRaised) {
      if (isDown(i)) {
        isRaised = false;
        deafUntil = i + APART_SECONDS * hz;
      }
    } else if (i >= deafUntil && isUp(i)) {
      isRaised = true;
      if (event === 0) alarms++;
    }
    if (isRaised && event > 0) found.add(event);
  }
  return { alarms, found: found.size, events: seen.size, days: (events.length - from) / hz / 86_400 };
}

/**
 * One level for all streams, as low as it may be for no more false alarms than that. Looked for from above: a level below everything is
 * one alarm that never ends, and few of those would pass for good.
 */
export function atEqualAlarms<T extends ScoredStream>(
  streams: readonly T[],
  alarms: number,
  valuesOf: (stream: T, i: number) => Float32Array,
): Count {
  const values = streams.map(valuesOf);
  const at = (level: number): Count =>
    sumOf(
      streams.map((stream, n) => {
        const own = values[n] ?? new Float32Array();
        return countAlarms(
          stream,
          (i) => (own[i] ?? 0) >= level,
          (i) => (own[i] ?? 0) < level,
        );
      }),
    );
  const heights = streams.flatMap((stream, n) => highestOf(values[n] ?? new Float32Array(), stream)).sort((a, b) => b - a);
  let [high, low] = [0, 1];
  while (low < heights.length && at(heights[low] ?? 0).alarms <= alarms) [high, low] = [low, 2 * low];
  while (low - high > 1) {
    const middle = (low + high) >> 1;
    if (at(heights[middle] ?? Number.NEGATIVE_INFINITY).alarms > alarms) low = middle;
    else high = middle;
  }
  return at(heights[high] ?? Number.POSITIVE_INFINITY);
}

/** The highest value of each ten seconds that are judged. */
function highestOf(values: Float32Array, { from, hz }: ScoredStream): number[] {
  const length = Math.ceil(APART_SECONDS * hz);
  const highest: number[] = [];
  for (let i = from; i < values.length; i += length) highest.push(Math.max(...values.subarray(i, i + length)));
  return highest;
}

/** Frigate's normalisation: one running mean and variance for everything that is scored, whatever camera and query it is from. */
export function zScores(streams: readonly ScoredStream[]): Float32Array[] {
  const out = streams.map(({ scores }) => new Float32Array(scores.length));
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < (streams[0]?.scores.length ?? 0); i++) {
    for (const [n, { scores }] of streams.entries()) {
      const score = scores[i] ?? 0;
      count++;
      const delta = score - mean;
      mean += delta / count;
      squares += delta * (score - mean);
      const values = out[n];
      if (values) values[i] = (score - mean) / Math.sqrt(squares / count || 1);
    }
  }
  return out;
}

export const sumOf = (counts: readonly Count[]): Count =>
  counts.reduce(
    (sum, one) => ({
      alarms: sum.alarms + one.alarms,
      found: sum.found + one.found,
      events: sum.events + one.events,
      days: sum.days + one.days,
    }),
    { alarms: 0, found: 0, events: 0, days: 0 },
  );

export const recall = ({ found, events }: Count): number => found / Math.max(1, events);

/** 90 % of the rates of 1,000 samples of the streams, drawn with replacement. */
export function interval(counts: readonly Count[]): [number, number] {
  const uniform = seeded(1);
  const rates = Array.from({ length: 1000 }, () => {
    const drawn = sumOf(counts.map(() => counts[Math.floor(uniform() * counts.length)] ?? { alarms: 0, found: 0, events: 0, days: 0 }));
    return drawn.alarms / drawn.days;
  }).sort((a, b) => a - b);
  return [rates[50] ?? 0, rates[950] ?? 0];
}

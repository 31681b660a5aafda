import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks';
import { hostClock, type Clock } from '../core/time.ts';

/** How late the event loop ran what was due, in ms. */
export interface DelayFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What of Node's histogram is used. In nanoseconds; each value has the interval of its own timer in it. */
export type DelayHistogram = Pick<IntervalHistogram, 'enable' | 'disable' | 'reset' | 'percentile' | 'max'>;

const INTERVAL_MS = 10;
const SPAN_MS = 10_000;

/**
 * The delay of the event loop of late: of the last full span of 10 s and the one that runs, the worse. What was slow at the start, or
 * an hour ago, is forgotten; a stall is seen at once and for at least 10 s.
 */
export class LoopDelay {
  readonly #histogram: DelayHistogram;
  readonly #clock: Clock;
  #last: DelayFigures = { p50: 0, p99: 0, max: 0 };
  #cancel: () => void;

  constructor(histogram: DelayHistogram = monitorEventLoopDelay({ resolution: INTERVAL_MS }), clock: Clock = hostClock) {
    this.#histogram = histogram;
    this.#clock = clock;
    histogram.enable();
    this.#cancel = clock.after(SPAN_MS, () => this.#turn());
  }

  read(): DelayFigures {
    const now = figures(this.#histogram);
    const { p50, p99, max } = this.#last;
    return { p50: Math.max(p50, now.p50), p99: Math.max(p99, now.p99), max: Math.max(max, now.max) };
  }

  stop(): void {
    this.#cancel();
    this.#histogram.disable();
  }

  #turn(): void {
    this.#last = figures(this.#histogram);
    this.#histogram.reset();
    this.#cancel = this.#clock.after(SPAN_MS, () => this.#turn());
  }
}

function figures(histogram: DelayHistogram): DelayFigures {
  // An empty histogram has the percentile 0 and the greatest value 0.
  const ms = (ns: number): number => Math.max(0, Math.round(ns / 1e4 - INTERVAL_MS * 100) / 100);
  return { p50: ms(histogram.percentile(50)), p99: ms(histogram.percentile(99)), max: ms(histogram.max) };
}

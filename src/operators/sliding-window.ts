import { Observable } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import { SeenSequences } from '../core/seen-sequences.ts';
import type { Payload, Sample, Window } from '../core/types.ts';
import { coverage } from './coverage.ts';
import { WindowBuffer } from './window-buffer.ts';
import { windowOf } from './window-of.ts';

export interface SlidingWindowOptions {
  /** Length of a window in ms. */
  readonly sizeMs: number;
  /** Distance of the windows' starts in ms; equal to `sizeMs` the windows tumble. Default `sizeMs`. */
  readonly hopMs?: number;
  /** How late a sample may come, in ms of event time behind the newest. Default 0. */
  readonly latenessMs?: number;
  /**
   * Emit a window before its lateness has passed once its sequence numbers prove that nothing of it can still come: they run
   * without a hole from a sample at or before its start, or from number 0, to one that reaches its end. A whole window then costs no
   * waiting, and only windows with holes wait. Default false.
   */
  readonly closeWhenWhole?: boolean;
  /** Whether the window that begins there is to be emitted; the others are another operator's (see `handover`). Default: all are. */
  readonly owns?: ((startUs: number) => boolean) | undefined;
  /** Samples held at most; a sample beyond is dropped as `windowFull`. Default 65,536. */
  readonly maxSamples?: number;
  /** Counts samples: received = emitted (accepted) + dropped (`duplicate`, `late`, `windowFull`,
   * and with hop > size `betweenWindows`); notes `latePartial`. */
  readonly stage?: Stage;
}

/**
 * Groups the samples of ONE source into windows `[start, end)` of event time, aligned to 0 of the epoch.
 *
 * - The watermark is the newest event time less the lateness; a sample that lasts counts with its end.
 * - A sample goes into each of its windows that is still open. Into none: dropped as `late`. A sequence number seen before:
 *   dropped as `duplicate`, before anything else.
 * - Windows whose end is not after the watermark are emitted once, in order, and never reopened; empty ones are not emitted.
 * - At the end of the input the rest is emitted.
 *
 * ```ts
 * samples$.pipe(slidingWindow({ sizeMs: 960, hopMs: 480, latenessMs: 200 }))
 * ```
 */
export function slidingWindow<P extends Payload>(options: SlidingWindowOptions): (source: Observable<Sample<P>>) => Observable<Window<P>> {
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const windows = new SlidingWindows<P>(options);
      return source.subscribe({
        next: (sample) => {
          if (windows.add(sample)) for (const window of windows.close()) subscriber.next(window);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          for (const window of windows.flush()) subscriber.next(window);
          subscriber.complete();
        },
      });
    });
}

class SlidingWindows<P extends Payload> {
  readonly #sizeUs: number;
  readonly #hopUs: number;
  readonly #latenessUs: number;
  readonly #closeWhenWhole: boolean;
  readonly #owns: SlidingWindowOptions['owns'];
  readonly #maxSamples: number;
  readonly #stage: Stage | undefined;
  readonly #seen = new SeenSequences();
  readonly #buffer = new WindowBuffer<P>();
  #newestUs = Number.NEGATIVE_INFINITY;
  #longestUs = 0;
  /** Windows with an end up to here are closed: the watermark, or the end of the last window that closed whole. */
  #closedToUs = Number.NEGATIVE_INFINITY;
  /** No window ends before this: until then there is nothing to look for. */
  #nextEndUs = Number.POSITIVE_INFINITY;

  constructor(options: SlidingWindowOptions) {
    const { sizeMs, hopMs = sizeMs, latenessMs = 0, closeWhenWhole = false, maxSamples = 65_536, owns, stage } = options;
    if (!(sizeMs > 0) || !(hopMs > 0)) throw new RangeError(`window: sizeMs ${sizeMs} and hopMs ${hopMs} must be above 0`);
    this.#sizeUs = Math.round(sizeMs * 1000);
    this.#hopUs = Math.round(hopMs * 1000);
    this.#latenessUs = Math.round(latenessMs * 1000);
    this.#closeWhenWhole = closeWhenWhole;
    this.#owns = owns;
    this.#maxSamples = maxSamples;
    this.#stage = stage;
  }

  /** Takes a sample. Returns whether a window may have become complete: most samples only join one that is open. */
  add(sample: Sample<P>): boolean {
    this.#stage?.receive();
    const refused = this.#refusal(sample);
    if (refused !== undefined) {
      this.#stage?.drop(refused);
      return false;
    }
    const firstEndUs = this.#firstStart(sample.timeUs) + this.#sizeUs;
    if (firstEndUs <= this.#closedToUs) this.#stage?.note('latePartial');
    this.#nextEndUs = Math.min(this.#nextEndUs, Math.max(firstEndUs, this.#firstOpenStart() + this.#sizeUs));
    this.#stage?.emit();
    this.#buffer.insert(sample);
    this.#longestUs = Math.max(this.#longestUs, sample.durationUs);
    this.#newestUs = Math.max(this.#newestUs, sample.timeUs + sample.durationUs);
    if (this.#newestUs >= this.#nextEndUs) return true;
    this.#closedToUs = Math.max(this.#closedToUs, this.#newestUs - this.#latenessUs);
    return false;
  }

  /** The windows that are complete. */
  *close(): Generator<Window<P>> {
    yield* this.#close(this.#newestUs - this.#latenessUs);
    const startUs = this.#oldestOpen();
    this.#nextEndUs = startUs === undefined ? Number.POSITIVE_INFINITY : startUs + this.#sizeUs;
  }

  #refusal(sample: Sample<P>): string | undefined {
    if (!this.#seen.add(sample.seq)) return 'duplicate';
    const lastEndUs = this.#lastStart(sample) + this.#sizeUs;
    if (lastEndUs <= sample.timeUs) return 'betweenWindows';
    if (lastEndUs <= this.#closedToUs) return 'late';
    return this.#buffer.length >= this.#maxSamples ? 'windowFull' : undefined;
  }

  *flush(): Generator<Window<P>> {
    yield* this.#close(Number.POSITIVE_INFINITY);
  }

  *#close(watermarkUs: number): Generator<Window<P>> {
    for (;;) {
      const startUs = this.#oldestOpen();
      if (startUs === undefined) break;
      const endUs = startUs + this.#sizeUs;
      if (endUs > watermarkUs && !(this.#closeWhenWhole && endUs <= this.#newestUs && this.#isWhole(startUs, endUs))) break;
      const window = this.#owns?.(startUs) === false ? undefined : this.#window(startUs, endUs);
      this.#closedToUs = Math.max(this.#closedToUs, endUs);
      this.#forget();
      if (window) yield window;
    }
    if (watermarkUs > this.#closedToUs && Number.isFinite(watermarkUs)) this.#closedToUs = watermarkUs;
    this.#forget();
  }

  /** Start of the earliest window that overlaps a sample beginning at `timeUs`. */
  #firstStart(timeUs: number): number {
    return (Math.floor((timeUs - this.#sizeUs) / this.#hopUs) + 1) * this.#hopUs;
  }

  /** Start of the latest window that overlaps the sample. With gaps between windows (hop > size) it may end before the sample. */
  #lastStart(sample: Sample<P>): number {
    return Math.floor(Math.max(sample.timeUs, sample.timeUs + sample.durationUs - 1) / this.#hopUs) * this.#hopUs;
  }

  /** Start of the earliest window that is not closed, with members or without. */
  #firstOpenStart(): number {
    return (Math.floor((this.#closedToUs - this.#sizeUs) / this.#hopUs) + 1) * this.#hopUs;
  }

  /** Start of the earliest window that is open and has a member. */
  #oldestOpen(): number | undefined {
    const firstOpen = this.#firstOpenStart();
    for (let i = 0; i < this.#buffer.length; i++) {
      const sample = this.#buffer.at(i);
      if (!sample) break;
      const start = Math.max(firstOpen, this.#firstStart(sample.timeUs));
      if (start <= this.#lastStart(sample) && start + this.#sizeUs > sample.timeUs) return start;
    }
    return undefined;
  }

  /** Whether the sequence numbers show no hole from before `startUs`, or from the very first one, to a sample that reaches `endUs`. */
  #isWhole(startUs: number, endUs: number): boolean {
    let before = this.#buffer.lowerBound(startUs + 1) - 1;
    if (before < 0 && this.#buffer.at(0)?.seq === 0) before = 0;
    let first = this.#buffer.at(before);
    // Of instants at the very start, one that is missing may stand beside those that came: the proof begins before them.
    while (first?.timeUs === startUs && first.durationUs === 0 && first.seq !== 0) {
      const previous = this.#buffer.at(before - 1);
      if (before === 0 || previous?.seq !== first.seq - 1) return false;
      first = previous;
      before--;
    }
    let after = this.#buffer.lowerBound(endUs);
    const inside = this.#buffer.at(after - 1);
    if (inside && inside.timeUs + inside.durationUs >= endUs) after--;
    const last = this.#buffer.at(after);
    return before >= 0 && first !== undefined && last !== undefined && last.seq - first.seq === after - before;
  }

  #window(startUs: number, endUs: number): Window<P> | undefined {
    let from = this.#buffer.lowerBound(startUs - this.#longestUs);
    const to = this.#buffer.lowerBound(endUs);
    for (let sample = this.#buffer.at(from); from < to && sample && !overlaps(sample, startUs); sample = this.#buffer.at(from)) from++;
    const members = this.#buffer.slice(from, to);
    const first = members[0];
    if (!first) return undefined;
    return windowOf(members, first, {
      startUs,
      endUs,
      coverage: coverage(members, startUs, endUs),
    });
  }

  /**
   * Forgets samples that no open window needs, but keeps one whose time is at or before the next window's start:
   * the proof that a window is whole begins there.
   */
  #forget(): void {
    if (!Number.isFinite(this.#closedToUs)) return;
    this.#buffer.drop(Math.max(0, this.#buffer.lowerBound(this.#firstOpenStart() - this.#longestUs) - 1));
  }
}

/** A sample without length belongs to where it stands; one that lasts, to all that it reaches. */
const overlaps = (sample: Sample, startUs: number): boolean => sample.timeUs >= startUs || sample.timeUs + sample.durationUs > startUs;

import { Observable } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import { SeenSequences } from '../core/seen-sequences.ts';
import type { Payload, Sample, Window } from '../core/types.ts';
import { coverage } from './coverage.ts';
import { WindowBuffer } from './window-buffer.ts';
import { windowOf } from './window-of.ts';

export interface SessionWindowOptions {
  /** A session ends when nothing came for so long, in ms. */
  readonly gapMs: number;
  /** How late a sample may come, in ms of event time behind the newest. Default 0. */
  readonly latenessMs?: number;
  /** Whether a sample of that time is this operator's; another one's is dropped as `late` (see `handover`). Default: all are. */
  readonly owns?: ((timeUs: number) => boolean) | undefined;
  /** Samples held at most; a sample beyond is dropped as `windowFull`. Default 65,536. */
  readonly maxSamples?: number;
  /** Counts samples: received = emitted (accepted) + dropped (`duplicate`, `late`, `windowFull`). */
  readonly stage?: Stage;
}

/** One stretch of samples without a gap. `endUs` is the end of the last one plus the gap. */
interface Session<P extends Payload> {
  startUs: number;
  endUs: number;
  readonly buffer: WindowBuffer<P>;
}

/**
 * Groups the samples of ONE source into sessions, `[first, last + gap)`: for senders that speak when something happens.
 *
 * - A sample claims `[t, t + gap)` (a chunk of sound its length more) and joins every open session that it overlaps; sessions that
 *   it bridges become one.
 * - It is `late` only if it overlaps none and its claim ends at or before the watermark, the newest event time less the lateness.
 *   A sequence number seen before: dropped as `duplicate`, before anything else.
 * - A session whose end is not after the watermark is emitted once; at the end of the input the rest is.
 *
 * ```ts
 * samples$.pipe(sessionWindow({ gapMs: 500, latenessMs: 100 }))
 * ```
 */
export function sessionWindow<P extends Payload>(options: SessionWindowOptions): (source: Observable<Sample<P>>) => Observable<Window<P>> {
  if (!(options.gapMs > 0)) throw new RangeError(`window: gapMs ${options.gapMs} must be above 0`);
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const sessions = new Sessions<P>(options);
      return source.subscribe({
        next: (sample) => {
          for (const window of sessions.push(sample)) subscriber.next(window);
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          for (const window of sessions.close(Number.POSITIVE_INFINITY)) subscriber.next(window);
          subscriber.complete();
        },
      });
    });
}

class Sessions<P extends Payload> {
  readonly #gapUs: number;
  readonly #latenessUs: number;
  readonly #maxSamples: number;
  readonly #owns: SessionWindowOptions['owns'];
  readonly #stage: Stage | undefined;
  readonly #seen = new SeenSequences();
  /** In order of time, never overlapping. */
  #open: Session<P>[] = [];
  #held = 0;
  #watermarkUs = Number.NEGATIVE_INFINITY;

  constructor({ gapMs, latenessMs = 0, maxSamples = 65_536, owns, stage }: SessionWindowOptions) {
    this.#gapUs = Math.round(gapMs * 1000);
    this.#latenessUs = Math.round(latenessMs * 1000);
    this.#maxSamples = maxSamples;
    this.#owns = owns;
    this.#stage = stage;
  }

  push(sample: Sample<P>): Window<P>[] {
    this.#stage?.receive();
    if (!this.#seen.add(sample.seq)) return this.#refuse('duplicate');
    const startUs = sample.timeUs;
    const endUs = startUs + sample.durationUs + this.#gapUs;
    const joined = this.#open.filter((session) => startUs < session.endUs && endUs > session.startUs);
    if (this.#owns?.(startUs) === false || (joined.length === 0 && endUs <= this.#watermarkUs)) return this.#refuse('late');
    if (this.#held >= this.#maxSamples) return this.#refuse('windowFull');
    this.#stage?.emit();
    this.#held++;
    this.#join(joined, sample, startUs, endUs);
    this.#watermarkUs = Math.max(this.#watermarkUs, startUs + sample.durationUs - this.#latenessUs);
    return this.close(this.#watermarkUs);
  }

  close(watermarkUs: number): Window<P>[] {
    const windows: Window<P>[] = [];
    while ((this.#open[0]?.endUs ?? Number.POSITIVE_INFINITY) <= watermarkUs) {
      const session = this.#open.shift();
      const first = session?.buffer.at(0);
      if (!session || !first) break;
      this.#held -= session.buffer.length;
      windows.push(sessionOf(session, first, this.#gapUs));
    }
    return windows;
  }

  #refuse(reason: string): Window<P>[] {
    this.#stage?.drop(reason);
    return [];
  }

  #join(joined: readonly Session<P>[], sample: Sample<P>, startUs: number, endUs: number): void {
    const [session = { startUs, endUs, buffer: new WindowBuffer<P>() }, ...rest] = joined;
    for (const other of rest) {
      for (let i = 0, one = other.buffer.at(0); one; one = other.buffer.at(++i)) session.buffer.insert(one);
      session.endUs = Math.max(session.endUs, other.endUs);
    }
    session.buffer.insert(sample);
    session.startUs = Math.min(session.startUs, startUs);
    session.endUs = Math.max(session.endUs, endUs);
    if (joined.length === 1) return;
    this.#open = [...this.#open.filter((one) => !joined.includes(one)), session].sort((a, b) => a.startUs - b.startUs);
  }
}

/** The gap behind the last sample is silence by definition: it does not lower the coverage. */
function sessionOf<P extends Payload>({ startUs, endUs, buffer }: Session<P>, first: Sample<P>, gapUs: number): Window<P> {
  const members = buffer.slice(0, buffer.length);
  const lastUs = Math.max(startUs + 1, endUs - gapUs);
  return windowOf(members, first, { startUs, endUs, coverage: members.length === 1 ? 1 : coverage(members, startUs, lastUs) });
}

import { Observable } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import { SeenSequences } from '../core/seen-sequences.ts';
import type { Payload, Sample, Window } from '../core/types.ts';
import { windowOf } from './window-of.ts';

export interface FrameWindowOptions {
  /** A frame may come this much of event time behind the newest, in ms; later it is dropped as `late`. Default 0. */
  readonly latenessMs?: number;
  /** Of the frames in each slot of so many ms only the first is a window; the others are dropped as `thinned`. Absent: all are. */
  readonly everyMs?: number | undefined;
  /** Whether a sample of that time is this operator's; another one's is dropped as `late` (see `handover`). Default: all are. */
  readonly owns?: ((timeUs: number) => boolean) | undefined;
  /** Counts frames: received = emitted + dropped (`duplicate`, `late`, `thinned`). */
  readonly stage?: Stage;
}

/**
 * Makes each frame (picture, heat map, depth map) of ONE source a window of its own, `[timeUs, timeUs + 1)`, at once.
 */
export function frameWindow<P extends Payload>({ latenessMs = 0, everyMs, owns, stage }: FrameWindowOptions = {}): (
  source: Observable<Sample<P>>,
) => Observable<Window<P>> {
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const seen = new SeenSequences();
      let newestUs = Number.NEGATIVE_INFINITY;
      let slotBefore: number | undefined;
      return source.subscribe({
        next: (sample) => {
          stage?.receive();
          if (!seen.add(sample.seq)) return stage?.drop('duplicate');
          if (owns?.(sample.timeUs) === false || sample.timeUs < newestUs - latenessMs * 1000) return stage?.drop('late');
          newestUs = Math.max(newestUs, sample.timeUs);
          const slot = everyMs === undefined ? undefined : Math.floor(sample.timeUs / (everyMs * 1000));
          if (slot !== undefined && slot === slotBefore) return stage?.drop('thinned');
          slotBefore = slot;
          stage?.emit();
          subscriber.next(windowOf([sample], sample, { startUs: sample.timeUs, endUs: sample.timeUs + 1, coverage: 1 }));
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

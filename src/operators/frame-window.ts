import { Observable } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import { SeenSequences } from '../core/seen-sequences.ts';
import type { Payload, Sample, Window } from '../core/types.ts';

export interface FrameWindowOptions {
  /** A frame may come this much of event time behind the newest, in ms; later it is dropped as `late`. Default 0. */
  readonly latenessMs?: number;
  /** Counts frames: received = emitted + dropped (`duplicate`, `late`). */
  readonly stage?: Stage;
}

/**
 * Makes each frame (picture, heat map, depth map) of ONE source a window of its own, `[timeUs, timeUs + 1)`, at once.
 */
export function frameWindow<P extends Payload>({ latenessMs = 0, stage }: FrameWindowOptions = {}): (
  source: Observable<Sample<P>>,
) => Observable<Window<P>> {
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const seen = new SeenSequences();
      let newestUs = Number.NEGATIVE_INFINITY;
      return source.subscribe({
        next: (sample) => {
          stage?.receive();
          if (!seen.add(sample.seq)) return stage?.drop('duplicate');
          if (sample.timeUs < newestUs - latenessMs * 1000) return stage?.drop('late');
          newestUs = Math.max(newestUs, sample.timeUs);
          stage?.emit();
          subscriber.next({
            source: sample.source,
            modality: sample.modality,
            startUs: sample.timeUs,
            endUs: sample.timeUs + 1,
            errorUs: sample.errorUs,
            samples: { first: sample.seq, last: sample.seq, missing: 0 },
            coverage: 1,
            members: [sample],
          });
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

import { Observable } from 'rxjs';
import type { Payload, Sample, Window } from '../core/types.ts';
import { FrameDifference } from './frame-difference.ts';
import { Settled, type SettledOptions } from './settled.ts';
import { windowOf } from './window-of.ts';

export interface ChangeWindowOptions extends SettledOptions {
  /** A frame that differs by less from the last one that passed is left out, 0..1 (see `FrameDifference`). Default 0.02. */
  readonly minChange?: number;
  /** A frame passes at the latest this long after the last that did, in ms of event time. Default: never for that alone. */
  readonly atLeastEveryMs?: number;
}

/**
 * Makes a window, `[timeUs, timeUs + 1)`, of each frame of ONE source that differs from the last one that passed: what changes
 * slowly passes once it has changed enough. Frames are compared in order of event time, whatever the order of their arrival
 * within the lateness; what passes not is noted as `unchanged`.
 */
export function changeWindow<P extends Payload>({
  minChange = 0.02,
  atLeastEveryMs = Number.POSITIVE_INFINITY,
  ...options
}: ChangeWindowOptions = {}): (source: Observable<Sample<P>>) => Observable<Window<P>> {
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const settled = new Settled<P>(options);
      const difference = new FrameDifference();
      let lastUs = Number.NEGATIVE_INFINITY;
      const take = (samples: readonly Sample<P>[]): void => {
        for (const sample of samples) {
          const { timeUs, payload } = sample;
          if (timeUs - lastUs < atLeastEveryMs * 1000 && difference.to(payload) < minChange) {
            options.stage?.note('unchanged');
            continue;
          }
          difference.keep(payload);
          lastUs = timeUs;
          subscriber.next(windowOf([sample], sample, { startUs: timeUs, endUs: timeUs + 1, coverage: 1 }));
        }
      };
      return source.subscribe({
        next: (sample) => take(settled.push(sample)),
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          take(settled.flush());
          subscriber.complete();
        },
      });
    });
}

import { Observable } from 'rxjs';
import type { Payload, Sample, Window } from '../core/types.ts';
import { coverage } from './coverage.ts';
import { Settled, type SettledOptions } from './settled.ts';
import { windowOf } from './window-of.ts';

export interface CountWindowOptions extends SettledOptions {
  /** Samples in a window. */
  readonly count: number;
  /** A window begins each so many samples. Default `count`: windows do not share samples. */
  readonly everyCount?: number;
}

/**
 * Groups the samples of ONE source by number: each `count` that follow each other in event time are a window, from the first one's
 * time to the last one's end. Whatever the order of arrival within the lateness, the windows are the same. At the end of the
 * input what no window had yet is one more, shorter, its coverage lowered by what it lacks.
 *
 * ```ts
 * samples$.pipe(countWindow({ count: 200, everyCount: 100, latenessMs: 50 }))
 * ```
 */
export function countWindow<P extends Payload>({
  count,
  everyCount = count,
  ...options
}: CountWindowOptions): (source: Observable<Sample<P>>) => Observable<Window<P>> {
  for (const [name, value] of Object.entries({ count, everyCount }))
    if (!(Number.isInteger(value) && value > 0)) throw new RangeError(`window: ${name} ${value} must be a whole number above 0`);
  return (source) =>
    new Observable<Window<P>>((subscriber) => {
      const settled = new Settled<P>(options);
      let members: Sample<P>[] = [];
      /** Samples to be passed over, where windows stand apart. */
      let skip = 0;
      /** Members that no window has had yet. */
      let fresh = 0;
      const take = (samples: readonly Sample<P>[]): void => {
        for (const sample of samples) {
          if (skip > 0) {
            skip--;
            options.stage?.note('betweenWindows');
            continue;
          }
          members.push(sample);
          fresh++;
          if (members.length < count) continue;
          const [first] = members;
          if (first) subscriber.next(countedWindow(members, first, 1));
          fresh = 0;
          skip = Math.max(0, everyCount - count);
          members = members.slice(everyCount);
        }
      };
      return source.subscribe({
        next: (sample) => take(settled.push(sample)),
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          take(settled.flush());
          const [first] = members;
          if (first && fresh > 0) subscriber.next(countedWindow(members, first, members.length / count));
          members = [];
          subscriber.complete();
        },
      });
    });
}

function countedWindow<P extends Payload>(members: readonly Sample<P>[], first: Sample<P>, share: number): Window<P> {
  const last = members.at(-1) ?? first;
  const endUs = last.timeUs + Math.max(1, last.durationUs);
  return windowOf(members, first, {
    startUs: first.timeUs,
    endUs,
    coverage: members.length === 1 ? share : Math.min(share, coverage(members, first.timeUs, endUs)),
  });
}

import { Observable, Subject, Subscription, type OperatorFunction } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import type { WindowKind } from '../core/source-config.ts';
import type { Sample } from '../core/types.ts';
import { Relay } from './relay.ts';

/** Something that turns samples into results for a time, until the next one takes over: a model. */
export interface Successor<W extends WindowSpan> {
  /** When the windows of a source open and close. */
  window(source: string): W;
  /** Says that it is in use; the returned function says that it no longer is. */
  hold(): () => void;
  /** Emits when those that still use it must end: what is open is closed as it is. */
  readonly expired$: Observable<unknown>;
}

interface WindowSpan {
  readonly kind: WindowKind;
  readonly sizeMs: number;
  readonly latenessMs: number;
}

export interface HandoverOptions<M, W extends WindowSpan> {
  /** Id of the source. */
  readonly source: string;
  /** The one in force, at once on subscription, and each later one. */
  readonly models$: Observable<M & Successor<W>>;
  /** Notes `shared`: samples that lie in windows of two models; the windows of both count them. */
  readonly stage?: Stage;
}

/** Results of a new part that wait until the old one is done; more, and the old one is cut off. */
const MAX_HELD = 256;

/**
 * Gives the samples of ONE source to the model in force, and lets a new one take over without a window lost, doubled or out of order.
 *
 * The change falls behind the newest sample that has been seen, in event time. Windows that begin before it are the old model's, also
 * those still open; it gets the samples that they need, then ends. Windows that begin at or after it are the new one's. Windows whose
 * bounds are not known beforehand (sessions, counts) are cut there: each sample is in a window of one of the two. `build` gets the
 * terms of the windows with `owns`, which tells its windows from the other's.
 *
 * ```ts
 * samples$.pipe(handover({ source, models$ }, ({ encoders }, window) => pipe(windows(window), encoders.encode(source))))
 * ```
 */
export function handover<M, W extends WindowSpan, S extends Sample, Out>(
  { source, models$, stage }: HandoverOptions<M, W>,
  build: (model: M, window: W & { readonly owns: (startUs: number) => boolean }) => OperatorFunction<S, Out>,
): OperatorFunction<S, Out> {
  return (samples$) =>
    new Observable<Out>((subscriber) => {
      /** Oldest first; all but the last are on their way out. */
      const parts: Part<S>[] = [];
      const relay = new Relay<Out>(subscriber);
      const subscription = new Subscription();
      let newestUs = Number.NEGATIVE_INFINITY;

      const begin = (model: M & Successor<W>): void => {
        const window = model.window(source);
        const overlaps = window.kind === 'sliding' || window.kind === 'tumbling';
        const part: Part<S> = {
          input: new Subject(),
          overlaps,
          fromUs: newestUs + 1,
          untilUs: Number.POSITIVE_INFINITY,
          spanUs: ((overlaps ? window.sizeMs : 0) + window.latenessMs) * 1000,
          isEnding: false,
        };
        const last = parts.at(-1);
        if (last) last.untilUs = part.fromUs;
        parts.push(part);
        const leg = relay.leg();
        const use = new Subscription(model.hold());
        subscription.add(use);
        const owns = (startUs: number): boolean => startUs >= part.fromUs && startUs < part.untilUs;
        use.add(
          part.input.pipe(build(model, { ...window, owns })).subscribe({
            next: (one) => {
              leg.next(one);
              if (leg.held > MAX_HELD && parts[0]) end(parts[0]);
            },
            error: (error: unknown) => subscriber.error(error),
            complete: () => {
              parts.splice(parts.indexOf(part), 1);
              use.unsubscribe();
              leg.complete();
            },
          }),
        );
        if (!use.closed) use.add(model.expired$.subscribe(() => end(part)));
        // One that has seen nothing has nothing open.
        if (last && newestUs === Number.NEGATIVE_INFINITY) end(last);
      };

      subscription.add(
        models$.subscribe((model) => {
          try {
            begin(model);
          } catch (error) {
            subscriber.error(error);
          }
        }),
      );
      subscription.add(
        samples$.subscribe({
          next: (sample) => {
            const endUs = sample.timeUs + sample.durationUs;
            newestUs = Math.max(newestUs, endUs);
            if (parts.length === 1) {
              parts[0]?.input.next(sample);
              return;
            }
            for (const part of [...parts]) if (sample.timeUs >= part.untilUs + part.spanUs) end(part);
            const takers = parts.filter((part, i) => takes(part, i, sample, parts));
            if (takers.length > 1) stage?.note('shared', takers.length - 1);
            for (const part of takers) part.input.next(sample);
          },
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            for (const part of [...parts]) end(part);
            relay.close();
          },
        }),
      );
      return subscription;
    });
}

interface Part<S> {
  readonly input: Subject<S>;
  /** A sample can lie in windows that begin long before it. */
  readonly overlaps: boolean;
  /** Its windows begin in `[fromUs, untilUs)`. */
  readonly fromUs: number;
  untilUs: number;
  /** How far behind `untilUs` the last sample of its windows can lie, and how late it can come. */
  readonly spanUs: number;
  /** Takes no more samples. */
  isEnding: boolean;
}

/** Whether a sample may lie in a window of this part. What is older than all goes to the oldest, which knows what to make of it. */
function takes<S extends Sample>(part: Part<S>, at: number, sample: S, parts: readonly Part<S>[]): boolean {
  if (part.isEnding) return false;
  if (!part.overlaps && sample.timeUs >= part.untilUs) return false;
  const isOldest = parts.findIndex(({ isEnding }) => !isEnding) === at;
  return isOldest || (part.overlaps ? sample.timeUs + sample.durationUs : sample.timeUs) >= part.fromUs;
}

function end<S>(part: Part<S>): void {
  part.isEnding = true;
  part.input.complete();
}

import { Observable, Subject, Subscription, type OperatorFunction } from 'rxjs';
import type { FusionTick } from '../core/fused.ts';
import { Relay } from './relay.ts';

/**
 * Gives moments of fusion to what `build` makes for their space. When the space changes, what the one before has begun comes out first.
 */
export function bySpace<T extends FusionTick, Out>(build: (space: string) => OperatorFunction<T, Out>): OperatorFunction<T, Out> {
  return (ticks$) =>
    new Observable<Out>((subscriber) => {
      const relay = new Relay<Out>(subscriber);
      const subscription = new Subscription();
      const error = (problem: unknown): void => subscriber.error(problem);
      let space: string | undefined;
      let input = new Subject<T>();
      subscription.add(
        ticks$.subscribe({
          next: (tick) => {
            const now = tick.present[0]?.space;
            if (now !== undefined && now !== space) {
              space = now;
              input.complete();
              input = new Subject<T>();
              const leg = relay.leg();
              const part = new Subscription();
              subscription.add(part);
              part.add(
                input.pipe(build(now)).subscribe({
                  next: (one) => leg.next(one),
                  error,
                  complete: () => {
                    part.unsubscribe();
                    leg.complete();
                  },
                }),
              );
            }
            input.next(tick);
          },
          error,
          complete: () => {
            input.complete();
            relay.close();
          },
        }),
      );
      return subscription;
    });
}

import { Observable, tap, type OperatorFunction } from 'rxjs';
import type { Encoders } from '../../core/encoder.ts';
import type { Fused, FusionTick } from '../../core/fused.ts';

/** More ticks than decisions can run ahead of the graph: nothing is ever dropped for want of room. */
const QUEUE = 65_536;

interface Turn {
  /** Undefined where the graph gave none. */
  readonly vector: Promise<Fused | undefined>;
  readonly settle: (vector: Fused | undefined) => void;
  readonly pass: (vector: Fused) => void;
  /** Its turn is over, whatever became of it. */
  readonly leave: () => void;
}

/**
 * Joint fused vectors between their graph and the decisions: the graph may answer whenever it likes, each vector is passed on when its turn
 * has come. So what comes out, and in which order, does not depend on speed.
 */
export class JointTurns {
  /** By tick, the oldest first. */
  readonly #turns = new Map<number, Turn>();

  fuse(encoders: Pick<Encoders, 'fuse'>): OperatorFunction<FusionTick, Fused> {
    return (ticks$) =>
      new Observable<Fused>((subscriber) => {
        let open = 0;
        let isEnded = false;
        const completeIfDone = (): void => {
          if (isEnded && open === 0) subscriber.complete();
        };
        const leave = (): void => {
          open--;
          completeIfDone();
        };
        const begin = ({ tickUs }: FusionTick): void => {
          let settle: Turn['settle'] = () => undefined;
          const vector = new Promise<Fused | undefined>((resolve) => (settle = resolve));
          open++;
          this.#turns.set(tickUs, { vector, settle, pass: (fused) => subscriber.next(fused), leave });
        };
        const onDrop = (tickUs: number): void => this.#turns.get(tickUs)?.settle(undefined);
        return ticks$.pipe(tap(begin), encoders.fuse({ keep: 'every', queue: QUEUE, onDrop })).subscribe({
          next: (fused) => this.#turns.get(fused.tickUs ?? 0)?.settle(fused),
          error: (error: unknown) => subscriber.error(error),
          complete: () => {
            isEnded = true;
            completeIfDone();
          },
        });
      });
  }

  /**
   * Passes on what the graph made of a tick, or something else in its place; false where there is nothing to pass on. Ticks before it
   * never have their turn: the recorded run dropped them.
   *
   * @param tickUs absent: the oldest
   */
  async take(tickUs: number | undefined = this.#turns.keys().next().value, instead?: Fused): Promise<boolean> {
    const turn = tickUs === undefined ? undefined : this.#turns.get(tickUs);
    if (tickUs === undefined || !turn) return false;
    for (const [earlierUs, earlier] of this.#turns) {
      if (earlierUs === tickUs) break;
      this.#turns.delete(earlierUs);
      earlier.leave();
    }
    const made = instead ?? (await turn.vector);
    this.#turns.delete(tickUs);
    if (made) turn.pass(made);
    turn.leave();
    return made !== undefined;
  }

  /** Passes on all that have begun, each when the graph has answered. */
  async passAll(): Promise<void> {
    while (this.#turns.size > 0) await this.take();
  }
}

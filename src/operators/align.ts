import { Observable } from 'rxjs';
import type { Clock } from '../core/time.ts';
import type { Embedding, Modality } from '../core/types.ts';

export interface AlignOptions {
  readonly clock: Clock;
  /** Ids of the sources that belong together, in the order in which they are listed. */
  readonly sources: readonly string[];
  /** A tick each so many ms of event time. */
  readonly everyMs: number;
  /** An embedding whose window ended longer before the tick does not count as there; one number, or one for each modality. */
  readonly maxAgeMs: MaxAgeMs;
  /**
   * What happens at a tick where a source is missing. `partial`: go on with who is there and say who is not; `skip`: nothing, until
   * all are there; `hold`: as `partial`, but a source's last embedding stands in for it for `holdMs` beyond its age.
   */
  readonly missing: 'partial' | 'skip' | 'hold';
  /** For `hold`. Default 3000. */
  readonly holdMs?: number;
  /** How long a tick waits for embeddings of windows that ended before it. Default 0: what came later is left out. */
  readonly waitMs?: number;
}

/** Ages in ms; a modality that is not named has 1500. */
export type MaxAgeMs = number | Readonly<Partial<Record<Modality, number>>>;

/** Who is there at one tick. */
export interface Aligned {
  readonly tickUs: number;
  /** At least one, in the order of the sources, all of one space. */
  readonly present: readonly Embedding[];
  readonly missing: readonly string[];
  /** Sources of `present` whose embedding is held beyond its age. */
  readonly held: readonly string[];
}

const DEFAULT_MAX_AGE_MS = 1500;
const DEFAULT_HOLD_MS = 3000;
/** Embeddings of one source that wait for their tick; of more, the oldest goes. */
const MAX_WAITING = 64;
/** A clock that jumped is not followed tick by tick. */
const MAX_TICKS_BEHIND = 1000;

/**
 * At each multiple of `everyMs` of the epoch, the newest embedding of each source whose window had ended by then.
 *
 * A tick is decided by event time: once all sources have embeddings beyond it, or `waitMs` after it by the clock. What it says
 * depends on the order of arrival only where embeddings take longer than `waitMs`, so a replay decides the same. Nothing comes
 * for a tick at which nothing is new or nobody is there. Embeddings of one space only are fused: with the first source
 * that goes over to a new space all do, and embeddings of the space before are left out.
 * At the end of the input the ticks that are open are decided.
 */
export function align(options: AlignOptions): (embeddings$: Observable<Embedding>) => Observable<Aligned> {
  return (embeddings$) =>
    new Observable<Aligned>((subscriber) => {
      const { clock, waitMs = 0 } = options;
      const ticks = new Ticks(options, clock.nowUs());
      let cancel = (): void => undefined;

      const decide = (isOver: (tickUs: number) => boolean): void => {
        while (isOver(ticks.nextUs)) {
          const aligned = ticks.take();
          if (aligned) subscriber.next(aligned);
        }
      };
      const wake = (): void => {
        const toUs = clock.nowUs() - waitMs * 1000;
        ticks.catchUp(toUs);
        decide((tickUs) => tickUs <= toUs);
        cancel = clock.after((ticks.nextUs - toUs) / 1000, wake);
      };
      cancel = clock.after((ticks.nextUs - clock.nowUs()) / 1000 + waitMs, wake);

      const subscription = embeddings$.subscribe({
        next: (embedding) => {
          if (ticks.add(embedding)) decide((tickUs) => ticks.isPassed(tickUs));
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          const lastUs = ticks.newestUs;
          decide((tickUs) => tickUs < lastUs + options.everyMs * 1000);
          subscriber.complete();
        },
      });
      return () => {
        cancel();
        subscription.unsubscribe();
      };
    });
}

class Ticks {
  readonly #options: AlignOptions;
  readonly #everyUs: number;
  /** Per source in order of arrival: the newest that is due, and those after it. */
  readonly #waiting: Map<string, Embedding[]>;
  /** What each source had contributed to the last tick that was emitted. */
  readonly #used = new Map<string, Embedding>();
  /** The space of the source that has gone furthest. */
  #space = '';
  nextUs: number;

  constructor(options: AlignOptions, nowUs: number) {
    this.#options = options;
    this.#everyUs = Math.round(options.everyMs * 1000);
    this.#waiting = new Map(options.sources.map((id) => [id, []]));
    this.nextUs = (Math.floor(nowUs / this.#everyUs) + 1) * this.#everyUs;
  }

  get newestUs(): number {
    return Math.max(...[...this.#waiting.values()].map((list) => list.at(-1)?.endUs ?? Number.NEGATIVE_INFINITY));
  }

  /** False for a source that does not belong here. */
  add(embedding: Embedding): boolean {
    const list = this.#waiting.get(embedding.source);
    if (!list) return false;
    // Who comes from the present space leads on; who comes from one before that only follows.
    if (this.#space === '' || list.at(-1)?.space === this.#space) this.#space = embedding.space;
    list.push(embedding);
    if (list.length > MAX_WAITING) list.shift();
    return true;
  }

  /** Whether all sources have gone beyond a tick: nothing that ended before it can still come. */
  isPassed(tickUs: number): boolean {
    for (const list of this.#waiting.values()) if ((list.at(-1)?.endUs ?? Number.NEGATIVE_INFINITY) <= tickUs) return false;
    return this.#waiting.size > 0;
  }

  catchUp(toUs: number): void {
    if (toUs - this.nextUs > MAX_TICKS_BEHIND * this.#everyUs) this.nextUs = Math.floor(toUs / this.#everyUs) * this.#everyUs;
  }

  /** Decides the next tick. */
  take(): Aligned | undefined {
    const tickUs = this.nextUs;
    this.nextUs += this.#everyUs;
    const due = this.#options.sources.flatMap((id) => this.#due(id, tickUs));
    // A tick that is older than the change knows the space before only.
    const space = due.some((one) => one.space === this.#space) ? this.#space : due[0]?.space;
    const present = due.filter((one) => one.space === space);
    const { sources, missing } = this.#options;
    const isNew = present.some((one) => this.#used.get(one.source) !== one);
    if (!isNew || (missing === 'skip' && present.length < sources.length)) return undefined;
    for (const one of present) this.#used.set(one.source, one);
    const here = new Set(present.map((one) => one.source));
    return {
      tickUs,
      present,
      missing: sources.filter((id) => !here.has(id)),
      held: present.filter((one) => tickUs - one.endUs > this.#maxAgeUs(one)).map((one) => one.source),
    };
  }

  /** The newest embedding of a source that had ended by the tick and is not too old; older ones are forgotten. */
  #due(id: string, tickUs: number): Embedding[] {
    const list = this.#waiting.get(id) ?? [];
    const index = list.findLastIndex(({ endUs }) => endUs <= tickUs);
    if (index > 0) list.splice(0, index);
    const [first] = list;
    if (index < 0 || !first) return [];
    const { missing, holdMs = DEFAULT_HOLD_MS } = this.#options;
    const graceUs = missing === 'hold' ? holdMs * 1000 : 0;
    return tickUs - first.endUs <= this.#maxAgeUs(first) + graceUs ? [first] : [];
  }

  #maxAgeUs({ modality }: Embedding): number {
    const { maxAgeMs } = this.#options;
    return 1000 * (typeof maxAgeMs === 'number' ? maxAgeMs : (maxAgeMs[modality] ?? DEFAULT_MAX_AGE_MS));
  }
}

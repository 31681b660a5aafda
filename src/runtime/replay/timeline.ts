import type { Fused } from '../../core/fused.ts';
import type { Embedding } from '../../core/types.ts';
import type { RecordedEvent } from '../../recording/recorded-event.ts';
import { windowKey } from './pending-windows.ts';
import { dropKey, type ReplayWorld } from './replay-world.ts';

/** When embeddings are decided about. Decisions run one after the other, each when its window has come from the encoders. */
export interface Timeline {
  /** An event's turn has come. */
  event(event: RecordedEvent): void;
  /** The recording is at its end: closes what is open. */
  end(): void;
}

/** Runs decisions in order. */
export type Decide = (step: () => void | Promise<void>) => void;

/**
 * Decides what the recorded run decided, in its order and at its times: each embedding when its own came out, each timer where it fired.
 * A window that was left out is left out; one whose fate the recording does not say (it broke off) stays undecided.
 */
export class RecordedTimeline implements Timeline {
  /** Embeddings of the recording that this run did not make. */
  notMade = 0;
  readonly #world: ReplayWorld;
  readonly #decide: Decide;
  readonly #take: (embedding: Embedding) => void;

  /** @param take judges a recorded vector whose window is not in the recording as a whole */
  constructor(world: ReplayWorld, decide: Decide, take: (embedding: Embedding) => void) {
    this.#world = world;
    this.#decide = decide;
    this.#take = take;
  }

  event(event: RecordedEvent): void {
    const { decisionClock, pending } = this.#world;
    const { atUs } = event;
    if (event.kind === 'wake') this.#decide(() => decisionClock.wake(atUs));
    else if (event.kind === 'drop') pending.claim(dropKey(event));
    else if (event.kind === 'embedding') {
      const { embedding } = event;
      const window = pending.claim(windowKey(embedding));
      if (!window && this.#world.isCut(embedding))
        this.#decide(() => {
          decisionClock.setTo(atUs);
          this.#take(embedding);
        });
      else if (!window) this.notMade++;
      else
        this.#decide(async () => {
          const pass = await window.outcome;
          decisionClock.setTo(atUs);
          if (pass) pass();
          else this.notMade++;
        });
    } else if (event.kind === 'fused') this.#fused(event.fused, atUs);
  }

  /** Late fusion is made where its embeddings are decided about, joint fusion by a graph that answers later: it comes out in its place. */
  #fused(fused: Fused, atUs: number): void {
    const { decisionClock, joint } = this.#world;
    const { tickUs, startUs, present, weights } = fused;
    if (Object.keys(weights).length > 0) return;
    const isCut = present.some((source) => this.#world.isCut({ source, startUs }));
    this.#decide(async () => {
      decisionClock.setTo(atUs);
      if (!(await joint.take(tickUs, isCut ? fused : undefined))) this.notMade++;
    });
  }

  end(): void {
    // Sources that the recorded run did not stop stay open: it did not close their last windows either.
  }
}

/** A window may come so long after its end, beyond its lateness, and is still decided in its place. */
const SETTLE_MS = 1000;

/**
 * Decides anew, as encoders that take no time would have it: embeddings in the order of their windows' ends, timers at their own time.
 * The order of arrival leaves no trace as long as windows close within the lateness.
 */
export class FreshTimeline implements Timeline {
  readonly #world: ReplayWorld;
  readonly #decide: Decide;
  readonly #behindUs: number;
  #waiting: { readonly key: string; readonly endUs: number }[] = [];

  constructor(world: ReplayWorld, decide: Decide, latenessMs: number) {
    this.#world = world;
    this.#decide = decide;
    this.#behindUs = (latenessMs + SETTLE_MS) * 1000;
    world.onWindow = (key, endUs) => this.#waiting.push({ key, endUs });
  }

  event({ kind, atUs }: RecordedEvent): void {
    if (kind === 'reading') this.#decideTo(atUs - this.#behindUs);
  }

  end(): void {
    for (const source of this.#world.sources.values()) source.end();
    const lastUs = Math.max(...this.#waiting.map(({ endUs }) => endUs), this.#world.decisionClock.nowUs());
    this.#decideTo(lastUs);
  }

  #decideTo(horizonUs: number): void {
    const { decisionClock, pending, joint } = this.#world;
    const due = this.#waiting.filter(({ endUs }) => endUs <= horizonUs);
    if (due.length > 0) this.#waiting = this.#waiting.filter(({ endUs }) => endUs > horizonUs);
    for (const { key, endUs } of due.sort((a, b) => a.endUs - b.endUs || (a.key < b.key ? -1 : 1))) {
      const window = pending.claim(key);
      if (!window) continue;
      this.#decide(async () => {
        const pass = await window.outcome;
        decisionClock.advanceTo(endUs);
        pass?.();
        await joint.passAll();
      });
    }
    this.#decide(async () => {
      decisionClock.advanceTo(horizonUs);
      await joint.passAll();
    });
  }
}

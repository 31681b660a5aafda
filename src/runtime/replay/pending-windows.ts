import type { WindowMeta } from '../../core/types.ts';

/** A window that went to the encoders and is not yet decided about. */
export interface PendingWindow {
  readonly key: string;
  readonly source: string;
  readonly endUs: number;
  /** What passes its embedding on; undefined where there is none. */
  readonly outcome: Promise<(() => void) | undefined>;
}

interface Open {
  readonly window: PendingWindow;
  readonly settle: (outcome: (() => void) | undefined) => void;
}

type Span = Pick<WindowMeta, 'source' | 'endUs' | 'samples'>;

/**
 * Windows of one source are told apart by their end and their first sample; not by their beginning, which a vector of many tokens has from
 * the oldest of them.
 */
export const windowKey = ({ source, endUs, samples }: Span): string => `${source} ${endUs} ${samples.first}`;

/** Windows between their pipeline and the decisions. */
export class PendingWindows {
  /** With the encoders. */
  readonly #encoding = new Map<string, Open>();
  /** Not yet claimed by a decision. */
  readonly #unclaimed = new Map<string, PendingWindow>();
  #wake: () => void = () => undefined;

  /** How many no decision has claimed. */
  get unclaimed(): number {
    return this.#unclaimed.size;
  }

  add(meta: WindowMeta): PendingWindow {
    const key = windowKey(meta);
    let settle: Open['settle'] = () => undefined;
    const outcome = new Promise<(() => void) | undefined>((resolve) => (settle = resolve));
    const window = { key, source: meta.source, endUs: meta.endUs, outcome };
    this.#encoding.set(key, { window, settle });
    this.#unclaimed.set(key, window);
    return window;
  }

  /** Each window is claimed once. */
  claim(key: string): PendingWindow | undefined {
    const window = this.#unclaimed.get(key);
    this.#unclaimed.delete(key);
    return window;
  }

  /** The encoders answered. */
  settle(span: Span, outcome: (() => void) | undefined): void {
    const key = windowKey(span);
    this.#encoding.get(key)?.settle(outcome);
    this.#encoding.delete(key);
    this.#wake();
  }

  /** Resolves when fewer than `count` windows are with the encoders. */
  async below(count: number): Promise<void> {
    while (this.#encoding.size >= count) await new Promise<void>((resolve) => (this.#wake = resolve));
  }
}

import type { Sense } from '../core/types.ts';

/** A background as it is kept and taken back. */
export interface KeptBackground {
  readonly rule: string;
  readonly source: string;
  readonly modality: Sense;
  /** See `ActiveRule.keyIn`. */
  readonly key: string;
  readonly perDay?: number | undefined;
  readonly cells: Float64Array;
}

/** More wait only where rules or models change all the time; the oldest go. */
const MOST = 2048;

/**
 * Backgrounds that wait for their rule, query and space to be in force again: what was known before a restart, and what was learnt in the
 * space of another model. Who goes back to a model goes on with what it had learnt.
 */
export class KeptBackgrounds {
  /** Oldest first. */
  readonly #kept = new Map<string, KeptBackground>();

  put(kept: KeptBackground): void {
    const name = nameOf(kept.rule, kept.source, kept.key);
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MOST) break;
      this.#kept.delete(oldest);
    }
  }

  /** Gives one away. */
  take(rule: string, source: string, key: string): KeptBackground | undefined {
    const name = nameOf(rule, source, key);
    const kept = this.#kept.get(name);
    this.#kept.delete(name);
    return kept;
  }

  /** Forgets those of a rule that is gone. */
  forget(rule: string): void {
    for (const [name, kept] of this.#kept) if (kept.rule === rule) this.#kept.delete(name);
  }

  values(): Iterable<KeptBackground> {
    return this.#kept.values();
  }
}

const nameOf = (rule: string, source: string, key: string): string => `${rule}\u0000${source}\u0000${key}`;

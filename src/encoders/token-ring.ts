import type { Stage } from '../core/ledger.ts';
import type { EncoderModality, WindowMeta } from '../core/types.ts';

/** One token and the time that it stands for. */
export interface Token {
  readonly startUs: number;
  readonly endUs: number;
  readonly errorUs: number;
  readonly values: Float32Array;
}

/** The tokens that a vector was made of, for as long as somebody holds that vector. */
export type TokensBehind = WeakMap<Float32Array, { readonly modality: EncoderModality; readonly tokens: readonly Token[] }>;

export interface TokenRingOptions {
  /** Most tokens. */
  readonly keep: number;
  /** Tokens that ended earlier than so many ms before the end of the newest leave. Absent: only `keep` counts. */
  readonly keepMs?: number | undefined;
  /** Counts tokens: received = emitted (they have left) + in flight (they are here); noted as `replaced`, `aged`, `full`: why they left. */
  readonly stage: Stage;
}

/** The newest tokens of one source, by event time. */
export class TokenRing {
  readonly #keep: number;
  readonly #keepUs: number;
  readonly #stage: Stage;
  #tokens: readonly Token[] = [];

  constructor({ keep, keepMs, stage }: TokenRingOptions) {
    this.#keep = keep;
    this.#keepUs = keepMs === undefined ? Number.POSITIVE_INFINITY : keepMs * 1000;
    this.#stage = stage;
  }

  /** Oldest first. Later calls leave it as it is. */
  get tokens(): readonly Token[] {
    return this.#tokens;
  }

  /**
   * Adds the tokens of a window, evenly spread over its time. They take the place of those that begin where they begin or later: of
   * windows that overlap, the newest is right; and after a clock was set back, the old future is gone.
   */
  push({ startUs, endUs, errorUs }: WindowMeta, values: readonly Float32Array[]): void {
    const stepUs = (endUs - startUs) / values.length;
    const added = values.map((value, i): Token => ({
      startUs: startUs + i * stepUs,
      endUs: startUs + (i + 1) * stepUs,
      errorUs,
      values: value,
    }));
    const before = this.#tokens.filter((token) => token.startUs < startUs);
    const young = before.filter((token) => token.endUs >= endUs - this.#keepUs);
    const all = [...young, ...added].slice(-this.#keep);
    this.#stage.receive(added.length);
    this.#leave('replaced', this.#tokens.length - before.length);
    this.#leave('aged', before.length - young.length);
    this.#leave('full', young.length + added.length - all.length);
    this.#tokens = all;
  }

  clear(): void {
    this.#leave('closed', this.#tokens.length);
    this.#tokens = [];
  }

  #leave(why: string, count: number): void {
    if (count === 0) return;
    this.#stage.emit(count);
    this.#stage.note(why, count);
  }
}

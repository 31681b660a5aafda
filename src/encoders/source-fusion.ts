import type { EncodeOptions } from '../core/encoder.ts';
import type { Ledger } from '../core/ledger.ts';
import type { EncoderModality, WindowMeta } from '../core/types.ts';
import { FUSION, fusionItem } from './fusion-item.ts';
import type { TokensPlan } from './graph-plan.ts';
import { Lane } from './lane.ts';
import type { Scheduler } from './scheduler.ts';
import { sourceAccount, tokenStage } from './source-account.ts';
import { TokenRing, type TokensBehind } from './token-ring.ts';
import { windowTokens } from './window-tokens.ts';

export interface SourceFusionOptions {
  readonly source: string;
  readonly modality: EncoderModality;
  readonly plan: TokensPlan;
  readonly options: EncodeOptions;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly behind: TokensBehind;
}

/** From the tokens of one source's windows to vectors of its own: its ring of tokens, and its queue in front of the fusion graph. */
export class SourceFusion {
  readonly #ring: TokenRing;
  readonly #parts: SourceFusionOptions;
  readonly #lane: Lane;

  constructor(parts: SourceFusionOptions) {
    const { source, modality, plan, options, ledger } = parts;
    this.#parts = parts;
    const { keep = plan.perWindow, keepMs } = plan.fusion.modalities[modality] ?? {};
    this.#ring = new TokenRing({ keep, keepMs, stage: tokenStage(ledger, source) });
    this.#lane = new Lane(options);
    const account = sourceAccount(ledger, source);
    account.rings.add(this.#ring);
    account.lanes.add(this.#lane);
  }

  /** Windows whose tokens are there and whose vector is not. */
  get inFlight(): number {
    return this.#lane.inFlight;
  }

  /**
   * Takes what the modality's graphs answered to a window.
   *
   * @param resolve called at most once, with the vector of all tokens in the ring and the window that they span
   * @param drop called at most once instead, with a word of the ledger
   */
  push(
    meta: WindowMeta,
    answer: Float32Array,
    resolve: (meta: WindowMeta, vector: Float32Array) => void,
    drop: (reason: string, message?: string) => void,
  ): void {
    const { plan, scheduler, modality, behind } = this.#parts;
    const made = windowTokens(answer, plan);
    if (made.length === 0) {
      drop('noTokens');
      return;
    }
    this.#ring.push(meta, made);
    const { tokens } = this.#ring;
    const spanned = { ...meta, startUs: Math.min(meta.startUs, tokens[0]?.startUs ?? meta.startUs) };
    scheduler.push(this.#lane, {
      graph: FUSION,
      item: fusionItem(plan.fusion, { [modality]: tokens.map(({ values }) => values) }),
      resolve: (vector) => {
        behind.set(vector, { modality, tokens });
        resolve(spanned, vector);
      },
      drop,
    });
  }

  close(): void {
    const { scheduler, ledger, source } = this.#parts;
    const account = sourceAccount(ledger, source);
    scheduler.remove(this.#lane);
    account.lanes.delete(this.#lane);
    this.#ring.clear();
    account.rings.delete(this.#ring);
  }
}

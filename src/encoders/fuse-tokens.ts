import { Observable } from 'rxjs';
import type { JointOptions } from '../core/encoder.ts';
import type { Fused, FusionTick } from '../core/fused.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { EncoderModality } from '../core/types.ts';
import { FUSION, fusionItem, type FusionTerms } from './fusion-item.ts';
import { Lane } from './lane.ts';
import type { Scheduler } from './scheduler.ts';
import { sourceAccount } from './source-account.ts';
import type { Token, TokensBehind } from './token-ring.ts';

/** What the fused vectors call their source. */
const FUSED = 'fused';

export interface FuseTokensContext {
  readonly terms: FusionTerms;
  readonly space: string;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly options: JointOptions;
  readonly behind: TokensBehind;
}

/**
 * Moments in, joint vectors out, in order. The tokens are those behind the embeddings of the moment, whatever came since: a replay
 * fuses the same. What is dropped is counted in the ledger's stage `encode` of the source `fused`.
 */
export function fuseTokens(ticks$: Observable<FusionTick>, context: FuseTokensContext): Observable<Fused> {
  const { terms, space, options, scheduler, ledger, log } = context;
  return new Observable<Fused>((subscriber) => {
    const account = sourceAccount(ledger, FUSED);
    const lane = new Lane(options);
    account.lanes.add(lane);
    let isEnded = false;
    const completeIfDone = (): void => {
      if (isEnded && lane.inFlight === 0) subscriber.complete();
    };
    const drop = (tickUs: number, reason: string, message?: string): void => {
      account.stage.drop(reason);
      options.onDrop?.(tickUs, reason);
      if (message !== undefined) log.debug({ source: FUSED, reason, message }, 'a moment was not fused');
      completeIfDone();
    };
    const subscription = ticks$.subscribe({
      next: (tick) => {
        account.stage.receive();
        const { tickUs } = tick;
        const { present, missing, tokens } = gathered(tick, context);
        const held = tick.held.filter((id) => present.includes(id));
        const all = Object.values(tokens).flatMap((some) => some ?? []);
        if (all.length === 0) {
          drop(tickUs, 'noTokens');
          return;
        }
        const span = {
          startUs: all.reduce((least, { startUs }) => Math.min(least, startUs), Number.POSITIVE_INFINITY),
          endUs: all.reduce((most, { endUs }) => Math.max(most, endUs), 0),
          errorUs: all.reduce((most, { errorUs }) => Math.max(most, errorUs), 0),
        };
        scheduler.push(lane, {
          graph: FUSION,
          item: fusionItem(terms, valuesOf(tokens)),
          resolve: (vector) => {
            account.stage.emit();
            subscriber.next({ source: FUSED, space, seq: account.seq++, tickUs, ...span, present, missing, held, weights: {}, vector });
            completeIfDone();
          },
          drop: (reason, message) => drop(tickUs, reason, message),
        });
      },
      error: (error: unknown) => subscriber.error(error),
      complete: () => {
        isEnded = true;
        completeIfDone();
      },
    });
    return () => {
      subscription.unsubscribe();
      scheduler.remove(lane);
      account.lanes.delete(lane);
    };
  });
}

interface Gathered {
  readonly present: readonly string[];
  readonly missing: readonly string[];
  readonly tokens: Partial<Record<EncoderModality, readonly Token[]>>;
}

/** The tokens of those present, by modality; none is older against the newest of all than its modality keeps. */
function gathered(tick: FusionTick, { terms, behind }: FuseTokensContext): Gathered {
  const sources = tick.present.flatMap(({ source, vector }) => {
    const { modality, tokens = [] } = behind.get(vector) ?? {};
    return modality === undefined ? [] : [{ source, modality, tokens }];
  });
  const newestUs = Math.max(...sources.map(({ tokens }) => tokens.at(-1)?.endUs ?? 0));
  const tokens: Partial<Record<EncoderModality, readonly Token[]>> = {};
  for (const [key, input] of Object.entries(terms.modalities)) {
    const modality = key;
    const oldestUs = newestUs - (input?.keepMs ?? Number.POSITIVE_INFINITY) * 1000;
    const young = sources.flatMap((source) => (source.modality === modality ? source.tokens : [])).filter(({ endUs }) => endUs >= oldestUs);
    // Of several sources of one modality those of all, in the order of their time.
    if (input && young.length > 0) tokens[modality] = young.sort((a, b) => a.startUs - b.startUs).slice(-input.keep);
  }
  const present = sources.flatMap(({ source, modality }) => (tokens[modality] ? [source] : []));
  const all = [...tick.missing, ...tick.present.map(({ source }) => source)];
  return { present, missing: all.filter((id) => !present.includes(id)), tokens };
}

const valuesOf = (tokens: Gathered['tokens']): Partial<Record<EncoderModality, readonly Float32Array[]>> =>
  Object.fromEntries(Object.entries(tokens).map(([modality, some]) => [modality, (some ?? []).map(({ values }) => values)]));

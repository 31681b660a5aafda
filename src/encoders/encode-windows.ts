import { Observable } from 'rxjs';
import type { Encoded, EncodeOptions } from '../core/encoder.ts';
import type { Ledger } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Embedding, EncodeInput, Modality, Space, WindowMeta } from '../core/types.ts';
import { answerFault, answerOf } from './answer.ts';
import { CollapseWatch } from './collapse-watch.ts';
import type { GraphItem } from './graph-plan.ts';
import type { RawInput } from './job.ts';
import { Lane } from './lane.ts';
import type { Scheduler } from './scheduler.ts';
import { sourceAccount } from './source-account.ts';
import type { SourceFusion } from './source-fusion.ts';
import { numberFault } from './vector-fault.ts';

/** How a window enters the queue: with its graph's input, with what a front end makes that of, or not at all. */
export type Entering = { readonly item: GraphItem } | { readonly raw: RawInput; readonly isLight: boolean } | { readonly reason: string };

export interface EncodeWindowsContext {
  readonly source: string;
  readonly space: Space;
  readonly options: EncodeOptions;
  readonly scheduler: Scheduler;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly enter: (input: EncodeInput) => Entering;
  /** Where what the modality's graphs give is tokens: what makes vectors of them, for this source. */
  readonly fusing: (modality: Modality) => SourceFusion | undefined;
  /** The embeddings of the source fell into one point, or recovered. */
  readonly collapse: (isCollapsed: boolean) => void;
}

/**
 * Windows of one source in, embeddings out, in order. What is dropped is counted in the ledger's stage `encode` under its reason.
 * Completes when the input has completed and everything on its way has come back. Unsubscribing frees the queue.
 */
export function encodeWindows(windows$: Observable<EncodeInput>, context: EncodeWindowsContext): Observable<Embedding> {
  const { source, space, options, scheduler, ledger, log, enter, fusing, collapse } = context;
  const { id, dim } = space;
  return new Observable<Embedding>((subscriber) => {
    const account = sourceAccount(ledger, source);
    const lane = new Lane(options);
    const watch = new CollapseWatch();
    account.lanes.add(lane);
    let fusion: SourceFusion | undefined;
    let isEnded = false;
    const completeIfDone = (): void => {
      if (isEnded && lane.inFlight === 0 && !fusion?.inFlight) subscriber.complete();
    };
    const resolve = (meta: WindowMeta, encoded: Encoded): void => {
      account.stage.emit();
      if (watch.vector(encoded.vector)) collapse(watch.isCollapsed);
      subscriber.next({ ...meta, ...(watch.isCollapsed && { quality: 0 }), space: id, seq: account.seq++, ...encoded });
      completeIfDone();
    };
    const drop = (meta: WindowMeta, reason: string, message?: string): void => {
      account.stage.drop(reason);
      options.onDrop?.(meta, reason);
      if (message !== undefined) log.debug({ source, reason, message }, 'a window was not encoded');
      completeIfDone();
    };
    const subscription = windows$.subscribe({
      next: (input) => {
        account.stage.receive();
        const refused = options.refuse?.(input);
        if (refused !== undefined) {
          account.stage.drop(refused);
          return;
        }
        const meta = metaOf(input);
        const dropThis = (reason: string, message?: string): void => drop(meta, reason, message);
        const entering = enter(input);
        if ('reason' in entering) {
          dropThis(entering.reason);
          return;
        }
        fusion ??= fusing(input.modality);
        const tokens = fusion;
        scheduler.push(lane, {
          graph: input.modality,
          ...entering,
          observe: (item) => watch.input(item),
          ...(tokens
            ? {
                fault: numberFault,
                resolve: (answer) => tokens.push(meta, answer, (spanned, vector) => resolve(spanned, { vector }), dropThis),
              }
            : { fault: (answer) => answerFault(answer, dim), resolve: (answer) => resolve(meta, answerOf(answer, dim)) }),
          drop: dropThis,
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
      fusion?.close();
      collapse(false);
    };
  });
}

/** Without the data: an embedding must not keep its window's picture alive. */
const metaOf = ({ source, modality, startUs, endUs, errorUs, samples, coverage, quality }: WindowMeta): WindowMeta => ({
  source,
  modality,
  startUs,
  endUs,
  errorUs,
  samples,
  coverage,
  ...(quality !== undefined && { quality }),
});

import { map, type Observable, type OperatorFunction } from 'rxjs';
import type { Fused, FusionTick } from '../src/core/fused.ts';
import type { Embedding } from '../src/core/types.ts';
import { align, type AlignOptions } from '../src/operators/align.ts';
import { bySpace } from '../src/operators/by-space.ts';

/** Joint fusion: embeddings of all sources in; at each tick the fusion graph of their bundle (`fuse`) sees the tokens behind them, all at once. */
export const jointFusion = (
  embeddings$: Observable<Embedding>,
  options: AlignOptions,
  fuse: (space: string) => OperatorFunction<FusionTick, Fused>,
): Observable<Fused> =>
  embeddings$.pipe(
    align(options),
    bySpace(fuse),
    map((fused, seq) => ({ ...fused, seq })), // in the order in which they come out, also while two models work side by side
  );

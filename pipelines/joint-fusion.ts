import type { Observable } from 'rxjs';
import type { Fused } from '../src/core/fused.ts';
import type { Embedding } from '../src/core/types.ts';
import { align, type AlignOptions } from '../src/operators/align.ts';
import type { Engine } from './engine.ts';

/** Joint fusion: embeddings of all sources in; at each tick the bundle's fusion graph sees the tokens behind them, all at once. */
export const jointFusion = (
  embeddings$: Observable<Embedding>,
  options: AlignOptions,
  { encoders, policy }: Pick<Engine, 'encoders' | 'policy'>,
): Observable<Fused> => embeddings$.pipe(align(options), encoders.fuse(policy));

import type { Observable } from 'rxjs';
import type { Fused } from '../src/core/fused.ts';
import type { Embedding } from '../src/core/types.ts';
import { fuse, type FuseOptions } from '../src/operators/fuse.ts';

/** Fusion: embeddings of all sources in, one fused unit vector a tick out. Alerts listen to it as `on: [fused]`. */
export const fusion = (embeddings$: Observable<Embedding>, options: FuseOptions): Observable<Fused> => embeddings$.pipe(fuse(options));

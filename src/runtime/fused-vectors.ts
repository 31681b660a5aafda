import type { Observable } from 'rxjs';
import { fusion } from '../../pipelines/fusion.ts';
import { jointFusion } from '../../pipelines/joint-fusion.ts';
import type { Encoders } from '../core/encoder.ts';
import type { Fused } from '../core/fused.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding } from '../core/types.ts';
import type { Config } from './config.ts';

export interface FusedVectorsOptions {
  /** The config's `fusion`. */
  readonly terms: NonNullable<Config['fusion']>;
  readonly config: Config;
  readonly encoders: Encoders;
  readonly clock: Clock;
}

/** Fused vectors as the config wants them: late, of all sources, or joint, of those whose tokens the bundle's fusion graph takes. */
export function fusedVectors(
  embeddings$: Observable<Embedding>,
  { terms, config, encoders, clock }: FusedVectorsOptions,
): Observable<Fused> {
  const isIn = ({ modality }: Config['sources'][number]): boolean => terms.how === 'late' || encoders.joint.includes(modality);
  const options = { ...terms, clock, sources: config.sources.filter(isIn).map(({ id }) => id) };
  if (terms.how === 'late') return fusion(embeddings$, options);
  const { keep, staleAfterMs } = config.encoders;
  return jointFusion(embeddings$, options, { encoders, policy: { keep, staleAfterMs } });
}

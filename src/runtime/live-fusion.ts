import { filter, finalize, pipe, Subject, Subscription, takeUntil, type Observable } from 'rxjs';
import { fusion } from '../../pipelines/fusion.ts';
import { jointFusion } from '../../pipelines/joint-fusion.ts';
import type { Fused } from '../core/fused.ts';
import type { Clock } from '../core/time.ts';
import type { Embedding } from '../core/types.ts';
import type { Config } from './config.ts';
import type { ModelHost } from './model-host.ts';
import type { World } from './world.ts';

export interface LiveFusionOptions {
  readonly embeddings$: Observable<Embedding>;
  readonly models: ModelHost;
  readonly clock: Clock;
  readonly world: World | undefined;
}

/** The fused vectors of a run, as the config in force wants them. */
export class LiveFusion {
  readonly #options: LiveFusionOptions;
  readonly #fused = new Subject<Fused>();
  /** A tick that is decided late may be of a space that is gone: nobody can compare it any more. */
  readonly fused$: Observable<Fused>;
  #running = new Subscription();
  #newest: Fused | undefined;

  constructor(options: LiveFusionOptions) {
    const { models } = options;
    this.#options = options;
    this.fused$ = this.#fused.pipe(filter(({ space }) => models.spaces.some(({ id }) => id === space)));
  }

  /** Absent: none yet, or fusion is not configured. */
  get newest(): Fused | undefined {
    return this.#newest;
  }

  /** Begins anew: sources or terms are others. */
  begin(config: Config): void {
    this.stop();
    this.#newest = undefined;
    if (!config.fusion) return;
    this.#running = this.#vectors(config, config.fusion).subscribe((one) => {
      this.#newest = one;
      this.#fused.next(one);
    });
  }

  stop(): void {
    this.#running.unsubscribe();
  }

  /** Late, of all sources; or joint, of those whose tokens the bundle's fusion graph takes. */
  #vectors(config: Config, terms: NonNullable<Config['fusion']>): Observable<Fused> {
    const { embeddings$, models, clock, world } = this.#options;
    const isIn = ({ modality }: Config['sources'][number]): boolean =>
      terms.how === 'late' || models.current.encoders.joint.includes(modality);
    const options = { ...terms, clock, sources: config.sources.filter(isIn).map(({ id }) => id) };
    if (terms.how === 'late') return fusion(embeddings$, options);
    const { keep, staleAfterMs } = config.encoders;
    return jointFusion(embeddings$, options, (space) => {
      const { encoders, hold, expired$ } = models.of(space);
      return pipe(world?.fuse(encoders) ?? encoders.fuse({ keep, staleAfterMs }), takeUntil(expired$), finalize(hold()));
    });
  }
}

import type { Observable } from 'rxjs';
import type { EncodeOptions, Encoders } from '../src/core/encoder.ts';
import type { Ledger } from '../src/core/ledger.ts';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Modality, Payload, Sample } from '../src/core/types.ts';
import type { FrontEnd } from '../src/frontends/recipe.ts';
import type { CorrectClockOptions } from '../src/operators/correct-clock.ts';
import type { WindowsOptions } from '../src/operators/windows.ts';

/** When the windows of one source open and close, after the config's wishes and the bundle's manifest are merged. */
export interface WindowTerms extends WindowsOptions {
  readonly minCoverage: number;
}

/** A bundle in service: what makes vectors out of windows. */
export interface Model {
  readonly encoders: Encoders;
  /** How the bundle wants its input for a modality. */
  readonly frontEnd: (modality: Modality) => FrontEnd;
  readonly window: (source: string) => WindowTerms;
  /** What happens to windows that come faster than their encoder. */
  readonly policy: EncodeOptions;
  /** Says that it is in use; the returned function says that it no longer is. */
  readonly hold: () => () => void;
  /** Emits when those that still use it must end, because another has taken over long ago. */
  readonly expired$: Observable<unknown>;
}

/** What every pipeline gets from the runtime. */
export interface Engine {
  readonly ledger: Ledger;
  /** What a source's clock is told, and whom it tells. */
  readonly clock: (source: string) => Pick<CorrectClockOptions, 'offsetMs' | 'onClock' | 'hostSteps$' | 'placed'>;
  /** The model in force, and each later one: a bundle can be exchanged while everything runs. */
  readonly models$: Observable<Model>;
  /** Shows a sample on dashboards that look; costs nothing while nobody does. */
  readonly show: (sample: Sample) => void;
}

/**
 * A user's own way from a source's readings to its vectors (docs/pipelines.md). It gets one model; when another takes over, it is called
 * again with that one, and the readings of the first end.
 */
export type Pipeline<P extends Payload = Payload> = (source: Source<P>, engine: Engine & Model) => Observable<Embedding>;

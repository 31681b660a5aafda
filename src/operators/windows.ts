import type { Observable } from 'rxjs';
import type { Stage } from '../core/ledger.ts';
import type { WindowKind } from '../core/source-config.ts';
import type { Payload, Sample, Window } from '../core/types.ts';
import { changeWindow } from './change-window.ts';
import { countWindow } from './count-window.ts';
import { frameWindow } from './frame-window.ts';
import { sessionWindow } from './session-window.ts';
import { slidingWindow } from './sliding-window.ts';

/** How the samples of a source are grouped: the kind, and what each kind needs. */
export interface WindowsOptions {
  readonly kind: WindowKind;
  readonly sizeMs: number;
  readonly hopMs: number;
  readonly latenessMs: number;
  /** See `slidingWindow`. */
  readonly closeWhenWhole: boolean;
  /** Session: silence that ends one. */
  readonly gapMs: number;
  /** Count: samples in a window, and from one window's start to the next. */
  readonly count: number;
  readonly everyCount: number;
  /** Change: a frame that differs by less, 0..1, is left out. */
  readonly minChange: number;
  /** Frame: of each slot of so many ms only the first; absent: all. Change: one passes at the latest after so many ms. */
  readonly everyMs?: number | undefined;
  /** Which windows are this operator's, by their start (see `handover`). Default: all are. */
  readonly owns?: ((startUs: number) => boolean) | undefined;
  readonly stage?: Stage;
}

/** The windows that a source's config and its bundle want: each kind is an operator of its own. */
export function windows<P extends Payload>(options: WindowsOptions): (source: Observable<Sample<P>>) => Observable<Window<P>> {
  const { kind, stage, everyMs, owns, ...terms } = options;
  const common = { latenessMs: terms.latenessMs, owns, ...(stage && { stage }) };
  switch (kind) {
    case 'tumbling':
      return slidingWindow({ ...common, sizeMs: terms.sizeMs, closeWhenWhole: terms.closeWhenWhole });
    case 'sliding':
      return slidingWindow({ ...common, sizeMs: terms.sizeMs, hopMs: terms.hopMs, closeWhenWhole: terms.closeWhenWhole });
    case 'session':
      return sessionWindow({ ...common, gapMs: terms.gapMs });
    case 'count':
      return countWindow({ ...common, count: terms.count, everyCount: terms.everyCount });
    case 'change':
      return changeWindow({ ...common, minChange: terms.minChange, ...(everyMs !== undefined && { atLeastEveryMs: everyMs }) });
    case 'frame':
      return frameWindow({ ...common, ...(everyMs !== undefined && { everyMs }) });
  }
}

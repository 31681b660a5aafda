import { pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Features } from '../src/core/types.ts';
import { featureWindows } from '../src/frontends/feature-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { frameWindow } from '../src/operators/frame-window.ts';
import { handover } from '../src/operators/handover.ts';
import type { Engine } from './engine.ts';

/** Features of pictures, which a network elsewhere has made: rows of numbers in, one unit vector per row out. */
export const features = ({ id, modality, readings$ }: Source<Features>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, policy }, window) =>
      pipe(
        frameWindow({ ...window, stage: ledger.stage(id, 'window') }), // at the model's own pace
        featureWindows(),
        encoders.encode(id, policy),
      ),
    ),
  );

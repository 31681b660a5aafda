import { pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Depth } from '../src/core/types.ts';
import { pictureWindows } from '../src/frontends/picture-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Depth camera: depth maps in millimetres in, one unit vector per map out. */
export const depth = ({ id, modality, readings$ }: Source<Depth>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) =>
      pipe(windows({ ...window, stage: ledger.stage(id, 'window') }), pictureWindows(frontEnd(modality)), encoders.encode(id, policy)),
    ),
  );

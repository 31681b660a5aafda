import { pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Thermal } from '../src/core/types.ts';
import { pictureWindows } from '../src/frontends/picture-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Thermal camera: heat maps in degrees Celsius in, one unit vector per map out. The same temperature always gives the same number. */
export const thermal = ({ id, modality, readings$ }: Source<Thermal>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) =>
      pipe(windows({ ...window, stage: ledger.stage(id, 'window') }), pictureWindows(frontEnd(modality)), encoders.encode(id, policy)),
    ),
  );

import { tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Thermal } from '../src/core/types.ts';
import { pictureWindows } from '../src/frontends/picture-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Thermal camera: heat maps in degrees Celsius in, one unit vector per map out. The same temperature always gives the same number. */
export const thermal = (
  { id, modality, readings$ }: Source<Thermal>,
  { ledger, clock, encoders, frontEnd, window, policy, show }: Engine,
): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    windows({ ...window(id), stage: ledger.stage(id, 'window') }),
    pictureWindows(frontEnd(modality)),
    encoders.encode(id, policy),
  );

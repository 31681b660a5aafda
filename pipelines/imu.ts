import { pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Imu } from '../src/core/types.ts';
import { imuWindows } from '../src/frontends/imu-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { enoughCoverage } from '../src/operators/enough-coverage.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Inertial sensor: readings of acceleration and angular rate in, one unit vector per hop out. */
export const imu = ({ id, modality, readings$ }: Source<Imu>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) =>
      pipe(
        windows({ ...window, stage: ledger.stage(id, 'window') }),
        enoughCoverage({ ...window, stage: ledger.stage(id, 'coverage') }),
        imuWindows(frontEnd(modality)), // irregular readings -> the model's rate
        encoders.encode(id, policy),
      ),
    ),
  );

import { ignoreElements, pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { ArrayReading, Embedding } from '../src/core/types.ts';
import { pictureWindows } from '../src/frontends/picture-windows.ts';
import { seriesWindows } from '../src/frontends/series-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { enoughCoverage } from '../src/operators/enough-coverage.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/**
 * A sensor of one's own: channels (gas, force) or maps (radar) in, one unit vector per hop or map out. A bundle that cannot encode it
 * yet lets its readings be recorded, for `edgebind bind`.
 */
export const own = ({ id, modality, readings$ }: Source<ArrayReading>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) => {
      if (!encoders.modalities.includes(modality)) return ignoreElements();
      const recipe = frontEnd(modality);
      const windowed = windows<ArrayReading>({ ...window, stage: ledger.stage(id, 'window') });
      if (recipe.kind !== 'series') return pipe(windowed, pictureWindows(recipe), encoders.encode(id, policy)); // one range for all maps
      return pipe(
        windowed,
        enoughCoverage({ ...window, stage: ledger.stage(id, 'coverage') }),
        seriesWindows(recipe, ledger.stage(id, 'shape')), // irregular readings -> the model's rate, all channels of one scale
        encoders.encode(id, policy),
      );
    }),
  );

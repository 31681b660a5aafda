import { pipe, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Picture } from '../src/core/types.ts';
import { pictureWindows } from '../src/frontends/picture-windows.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Camera: pictures in, one unit vector per picture out. */
export const camera = ({ id, modality, readings$ }: Source<Picture>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }), // device time -> event time, with its error bound
    tap((sample) => show(sample)),
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) =>
      pipe(
        windows({ ...window, stage: ledger.stage(id, 'window') }), // each picture a window of its own, unless the config wants other ones; duplicates and late ones are counted
        pictureWindows(frontEnd(modality)),
        encoders.encode(id, policy), // decoded, resized and encoded off the loop; when pictures come too fast the freshest wins
      ),
    ),
  );

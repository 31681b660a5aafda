import { connect, tap, type Observable } from 'rxjs';
import type { Source } from '../src/core/source.ts';
import type { Embedding, Pcm } from '../src/core/types.ts';
import { streamingLogMel } from '../src/frontends/streaming-log-mel.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { enoughCoverage } from '../src/operators/enough-coverage.ts';
import { handover } from '../src/operators/handover.ts';
import { windows } from '../src/operators/windows.ts';
import type { Engine } from './engine.ts';

/** Microphone: chunks of sound in, one unit vector per hop out. */
export const microphone = ({ id, modality, readings$ }: Source<Pcm>, { ledger, clock, models$, show }: Engine): Observable<Embedding> =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }), // sample counter -> event time, with its error bound
    tap((sample) => show(sample)),
    // With the model in force; a new one takes over without a window lost.
    handover({ source: id, models$, stage: ledger.stage(id, 'window') }, ({ encoders, frontEnd, policy }, window) =>
      connect((samples$) =>
        samples$.pipe(
          windows({ ...window, stage: ledger.stage(id, 'window') }), // by event time; gaps lower coverage, never shift time
          enoughCoverage({ ...window, stage: ledger.stage(id, 'coverage') }),
          streamingLogMel(frontEnd(modality), samples$), // each frame once, as its sound comes, however much windows overlap
          encoders.encode(id, policy),
        ),
      ),
    ),
  );

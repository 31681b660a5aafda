import { Observable } from 'rxjs';
import { ClockModel, type ClockModelOptions } from '../core/clock-model.ts';
import type { Stage } from '../core/ledger.ts';
import type { Modality, Payload, Reading, Sample } from '../core/types.ts';

export interface CorrectClockOptions extends ClockModelOptions {
  readonly source: string;
  readonly modality: Modality;
  /** Counts readings: received = emitted + dropped (`badStamp`); notes `restarts` of the sender's sequence. */
  readonly stage?: Stage;
}

/** A sequence number this far behind the newest, in a reading whose time is newer, says that the sender started again. */
const RESTART_BACK = 64;

/**
 * Puts a source's readings on the common timeline: device time -> event time with its error bound, sequence numbers that go on
 * growing when the sender restarts, and a count of arrivals where it has none.
 */
export function correctClock<P extends Payload>({
  source,
  modality,
  stage,
  ...model
}: CorrectClockOptions): (readings: Observable<Reading<P>>) => Observable<Sample<P>> {
  return (readings) =>
    new Observable<Sample<P>>((subscriber) => {
      const clock = new ClockModel(model);
      let arrivals = 0;
      let newestSeq = -1;
      let newestUs = Number.NEGATIVE_INFINITY;
      let seqOffset = 0;
      return readings.subscribe({
        next: (reading) => {
          stage?.receive();
          const corrected = clock.correct(reading.deviceUs, reading.arrivalUs);
          if (!corrected) return stage?.drop('badStamp');
          const { timeUs, errorUs } = corrected;
          let seq = reading.seq === undefined ? arrivals++ : reading.seq + seqOffset;
          const startedAgain =
            reading.seq !== undefined && timeUs > newestUs && (newestSeq - seq > RESTART_BACK || (reading.seq === 0 && seq < newestSeq));
          if (startedAgain) {
            seqOffset += newestSeq + 1 - seq;
            seq = newestSeq + 1;
            stage?.note('restarts');
          }
          newestSeq = Math.max(newestSeq, seq);
          newestUs = Math.max(newestUs, timeUs);
          stage?.emit();
          subscriber.next({ source, modality, seq, timeUs, durationUs: durationUs(reading.payload), errorUs, payload: reading.payload });
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
    });
}

const durationUs = (payload: Payload): number => (payload.kind === 'pcm' ? Math.round((payload.data.length * 1e6) / payload.rateHz) : 0);

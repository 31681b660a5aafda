import { Observable } from 'rxjs';
import { ClockModel, type ClockModelOptions } from '../core/clock-model.ts';
import type { ClockState } from '../core/clock-state.ts';
import type { Stage } from '../core/ledger.ts';
import { SequenceLine } from '../core/sequence-line.ts';
import type { Modality, Payload, Reading, Sample } from '../core/types.ts';

export interface CorrectClockOptions extends Pick<ClockModelOptions, 'trustWithinUs' | 'stepUs'> {
  readonly source: string;
  readonly modality: Modality;
  /**
   * Counts readings: received = emitted + dropped (`badStamp`). Notes `restarts` and `wraps` of the sender's numbers, `segments` of
   * its clock, and strange stamps: `repeatedStamp`, `decreasingStamp`, `futureStamp`, `wrongUnit`, `stuckStamp`.
   */
  readonly stage?: Stage;
  /** A constant that is added to each event time, in ms: what `edgebind sync` found out. Default 0. */
  readonly offsetMs?: number;
  /** Called at once, and with each change of the clock's phase, segment or complaint. */
  readonly onClock?: (clock: { readonly state: ClockState }) => void;
  /**
   * Where a reading was placed when it was recorded: it is placed there again, so that a recording from the middle of a run, whose clock
   * had learnt from what is not in it, gives the same windows. Undefined: nobody knows, and the model places it.
   */
  readonly placed?: (reading: Reading) => Pick<Sample, 'seq' | 'timeUs' | 'errorUs'> | undefined;
  /** Jumps of the host's own clock, in microseconds. */
  readonly hostSteps$?: Observable<number>;
}

/**
 * Puts a source's readings on the common timeline: device time -> event time with its error bound (see `ClockModel`), sequence
 * numbers that go on growing when the sender restarts or its counter wraps, and a count of arrivals where it has none.
 */
export function correctClock<P extends Payload>({
  source,
  modality,
  stage,
  offsetMs = 0,
  onClock,
  placed,
  hostSteps$,
  ...model
}: CorrectClockOptions): (readings: Observable<Reading<P>>) => Observable<Sample<P>> {
  return (readings) =>
    new Observable<Sample<P>>((subscriber) => {
      let segment = 0;
      const clock: ClockModel = new ClockModel({
        ...model,
        note: (what) => stage?.note(what),
        onChange: (state) => {
          if (state.segment > segment) stage?.note('segments', state.segment - segment);
          segment = state.segment;
          onClock?.(clock);
        },
      });
      onClock?.(clock);
      const line = new SequenceLine();
      const offsetUs = Math.round(offsetMs * 1000);
      let arrivals = 0;
      let newestUs = Number.NEGATIVE_INFINITY;

      const number = (raw: number, timeUs: number, isNewSegment = false): number => {
        const { wraps, restarts } = line;
        const seq = line.next(raw, timeUs - newestUs, isNewSegment);
        if (line.wraps > wraps) stage?.note('wraps');
        if (line.restarts > restarts) stage?.note('restarts');
        return seq;
      };
      const subscription = readings.subscribe({
        next: (reading) => {
          const { arrivalUs, deviceUs, seq: raw, payload } = reading;
          stage?.receive();
          const lastsUs = durationUs(payload);
          let seq: number;
          let corrected;
          if (deviceUs === undefined && raw !== undefined) {
            const { restarts } = line;
            seq = number(raw, arrivalUs);
            if (line.restarts > restarts) clock.sequenceRestarted();
            corrected = clock.correctSequence(seq, arrivalUs, lastsUs);
            newestUs = Math.max(newestUs, arrivalUs);
          } else {
            const before = segment;
            corrected = clock.correct(deviceUs, arrivalUs, raw === undefined ? undefined : line.isNewer(raw));
            if (!corrected) {
              stage?.drop('badStamp');
              return;
            }
            seq = raw === undefined ? arrivals++ : number(raw, corrected.timeUs, segment !== before);
            newestUs = Math.max(newestUs, corrected.timeUs);
          }
          stage?.emit();
          const place = placed?.(reading) ?? { seq, timeUs: corrected.timeUs + offsetUs, errorUs: corrected.errorUs };
          subscriber.next({ source, modality, seq: place.seq, timeUs: place.timeUs, durationUs: lastsUs, errorUs: place.errorUs, payload });
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      const steps = hostSteps$?.subscribe((byUs) => clock.hostStepped(byUs));
      return () => {
        steps?.unsubscribe();
        subscription.unsubscribe();
      };
    });
}

const durationUs = (payload: Payload): number => (payload.kind === 'pcm' ? Math.round((payload.data.length * 1e6) / payload.rateHz) : 0);

import { NEVER, Subject, throwError } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { ClockState } from '../core/clock-state.ts';
import { Stage } from '../core/ledger.ts';
import type { Imu, Reading, Sample } from '../core/types.ts';
import { correctClock, type CorrectClockOptions } from './correct-clock.ts';

const EPOCH_US = 1.75e15;
const payload: Imu = { kind: 'imu', values: new Float32Array(6) };

const setUp = (options: Partial<CorrectClockOptions> = {}) => {
  const stage = new Stage('wrist', 'clock');
  const input = new Subject<Reading<Imu>>();
  const out: Sample<Imu>[] = [];
  const errors: unknown[] = [];
  const subscription = input.pipe(correctClock<Imu>({ source: 'wrist', modality: 'imu', stage, ...options })).subscribe({
    next: (sample) => out.push(sample),
    error: (error: unknown) => errors.push(error),
  });
  return { stage, input, out, errors, subscription };
};

describe('correctClock', () => {
  it('stamps and numbers readings, counts arrivals where there are no numbers, and shifts by a constant', () => {
    const { input, out } = setUp({ offsetMs: -40 });
    input.next({ arrivalUs: EPOCH_US + 500, deviceUs: EPOCH_US, payload });
    input.next({ arrivalUs: EPOCH_US + 10_500, deviceUs: EPOCH_US + 10_000, payload });
    expect(out.map(({ seq, timeUs, errorUs }) => [seq, timeUs - EPOCH_US, errorUs])).toEqual([
      [0, -40_000, 500],
      [1, -30_000, 500],
    ]);
  });

  it('drops a stamp that cannot be right, goes on, and its books sum', () => {
    const { stage, input, out } = setUp();
    for (let i = 0; i < 10; i++)
      input.next({ arrivalUs: EPOCH_US + i * 10_000, deviceUs: i === 5 ? 1 : EPOCH_US + i * 10_000, seq: i, payload });
    expect(out.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9]);
    expect(stage.line()).toMatchObject({ received: 10, emitted: 9, dropped: { badStamp: 1 }, sums: true });
  });

  it('leaves a duplicate its number, with and without a stamp', () => {
    const { input, out } = setUp();
    for (const seq of [0, 1, 2, 1, 0, 3]) input.next({ arrivalUs: EPOCH_US + out.length * 1000, seq, payload });
    expect(out.map(({ seq }) => seq)).toEqual([0, 1, 2, 1, 0, 3]);
    const stamped = setUp();
    for (const seq of [0, 1, 2, 1, 0, 3])
      stamped.input.next({ arrivalUs: EPOCH_US + stamped.out.length * 1000, deviceUs: EPOCH_US + seq * 1000, seq, payload });
    expect(stamped.out.map(({ seq, timeUs }) => [seq, timeUs - EPOCH_US])).toEqual([0, 1, 2, 1, 0, 3].map((seq) => [seq, seq * 1000]));
  });

  it('notes restarts, wraps and segments', () => {
    const { stage, input, out } = setUp();
    const send = (count: number, seqFrom: number, deviceFromUs: number, fromUs: number): void => {
      for (let i = 0; i < count; i++)
        input.next({ arrivalUs: fromUs + i * 10_000, deviceUs: deviceFromUs + i * 10_000, seq: (seqFrom + i) % 65_536, payload });
    };
    send(300, 65_400, 9e8, EPOCH_US);
    send(300, 0, 0, EPOCH_US + 20e6);
    expect(stage.line().noted).toMatchObject({ wraps: 1, restarts: 1, segments: 1 });
    expect(out.map(({ seq }) => seq - 65_400)).toEqual(Array.from({ length: 600 }, (_, i) => i));
    for (let i = 1; i < out.length; i++) expect(out[i]?.timeUs).toBeGreaterThanOrEqual(out[i - 1]?.timeUs ?? 0);
  });

  it('shows its clock from the start, and goes with the clock of the host', () => {
    const steps = new Subject<number>();
    const states: ClockState[] = [];
    const { input, out } = setUp({ hostSteps$: steps, onClock: ({ state }) => states.push(state) });
    expect(states).toMatchObject([{ phase: 'arrival', segment: 0 }]);
    for (let i = 0; i < 1000; i++) input.next({ arrivalUs: EPOCH_US + i * 10_000, deviceUs: i * 10_000, payload });
    steps.next(2e6);
    input.next({ arrivalUs: EPOCH_US + 12e6, deviceUs: 10e6, payload });
    expect((out.at(-1)?.timeUs ?? 0) - EPOCH_US).toBe(12e6);
    expect(states.map(({ phase, segment }) => `${phase} ${segment}`)).toEqual(['arrival 0', 'warmingUp 0', 'fitted 0', 'fitted 1']);
    expect(steps.observed).toBe(true);
  });

  it('is silent on never, passes errors on, and frees its subscriptions', () => {
    const steps = new Subject<number>();
    const { input, errors, subscription } = setUp({ hostSteps$: steps });
    subscription.unsubscribe();
    expect([input.observed, steps.observed]).toEqual([false, false]);
    const seen: unknown[] = [];
    const operator = correctClock<Imu>({ source: 'wrist', modality: 'imu' });
    NEVER.pipe(operator).subscribe((sample) => seen.push(sample));
    throwError(() => new Error('line cut'))
      .pipe(operator)
      .subscribe({ error: (error: unknown) => seen.push(error) });
    expect(seen).toEqual([new Error('line cut')]);
    expect(errors).toEqual([]);
  });
});

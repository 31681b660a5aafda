/** Clock model and windows together, on virtual time: a device with a clock of its own, whose readings come late, twice or never. */
import fc from 'fast-check';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { Stage, type LedgerLine } from '../core/ledger.ts';
import type { Imu, Reading, Window } from '../core/types.ts';
import { seeded } from '../space/bind/seeded.ts';
import { correctClock } from './correct-clock.ts';
import { slidingWindow } from './sliding-window.ts';

const EPOCH_US = 1.75e15;
const STEP_US = 10_000;
const [SIZE_US, HOP_US] = [400_000, 200_000];
const payload: Imu = { kind: 'imu', values: new Float32Array(6) };

interface Seen {
  readonly windows: Window<Imu>[];
  readonly clock: LedgerLine;
  readonly window: LedgerLine;
}

async function run(readings: readonly Reading<Imu>[]): Promise<Seen> {
  const [clock, window] = [new Stage('imu', 'clock'), new Stage('imu', 'window')];
  const windows = await lastValueFrom(
    from(readings).pipe(
      correctClock<Imu>({ source: 'imu', modality: 'imu', stage: clock }),
      slidingWindow<Imu>({ sizeMs: SIZE_US / 1000, hopMs: HOP_US / 1000, latenessMs: 200, stage: window }),
      toArray(),
    ),
  );
  for (const line of [clock.line(), window.line()]) expect(line.sums).toBe(true);
  return { windows, clock: clock.line(), window: window.line() };
}

const shown = (windows: readonly Window<Imu>[]): unknown[] =>
  windows.map(({ startUs, members, samples }) => [startUs, members.map(({ seq }) => seq), samples.missing]);

/** The windows that hold these numbers, each at its own time. */
function windowsOf(sent: readonly { readonly seq: number; readonly timeUs: number }[]): unknown[] {
  const members = new Map<number, number[]>();
  for (const { seq, timeUs } of sent)
    for (let start = Math.floor(timeUs / HOP_US) * HOP_US; start > timeUs - SIZE_US; start -= HOP_US)
      members.set(start, [...(members.get(start) ?? []), seq]);
  return [...members]
    .sort(([a], [b]) => a - b)
    .map(([start, seqs]) => [start, seqs, (seqs.at(-1) ?? 0) - (seqs[0] ?? 0) + 1 - seqs.length]);
}

const indices = (max: number): fc.Arbitrary<Set<number>> =>
  fc.uniqueArray(fc.nat({ max: 199 }), { maxLength: max }).map((list) => new Set(list));

describe('windows by corrected time', () => {
  it('hold exactly what a synchronised sender sent, whatever comes late, twice or never', async () => {
    await fc.assert(
      fc.asyncProperty(
        indices(40),
        indices(30),
        fc.array(fc.nat({ max: 190_000 }), { minLength: 1, maxLength: 50 }),
        async (lost, twice, delays) => {
          // The first one settles that the sender is synchronised.
          lost.delete(0);
          const sent = Array.from({ length: 200 }, (_, seq) => ({ seq, timeUs: EPOCH_US + seq * STEP_US })).filter(
            ({ seq }) => !lost.has(seq),
          );
          const readings = sent.flatMap(({ seq, timeUs }): Reading<Imu>[] => {
            const one = { arrivalUs: timeUs + (delays[seq % delays.length] ?? 0), deviceUs: timeUs, seq, payload };
            return twice.has(seq) ? [one, { ...one, arrivalUs: one.arrivalUs + 500 }] : [one];
          });
          const { windows, clock, window } = await run(readings.toSorted((a, b) => a.arrivalUs - b.arrivalUs));
          expect(shown(windows)).toEqual(windowsOf(sent));
          const duplicate = readings.length - sent.length;
          expect(clock).toMatchObject({ received: readings.length, emitted: readings.length, dropped: {} });
          expect(window).toMatchObject({ received: readings.length, emitted: sent.length, dropped: duplicate > 0 ? { duplicate } : {} });
        },
      ),
    );
  });

  it('open a segment where the clock of the sender steps: four readings are refused by name, all others are in their windows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 20, max: 180 }), fc.constantFrom(-600e6, -2e6, 3e6, 86_400e6), async (at, stepUs) => {
        const readings = Array.from({ length: 200 }, (_, seq): Reading<Imu> => {
          const timeUs = EPOCH_US + seq * STEP_US;
          return { arrivalUs: timeUs + 2000, deviceUs: timeUs + (seq < at ? 0 : stepUs), seq, payload };
        });
        const { windows, clock, window } = await run(readings);
        expect(clock).toMatchObject({ received: 200, emitted: 196, dropped: { badStamp: 4 }, noted: { segments: 1 } });
        expect(window).toMatchObject({ received: 196, emitted: 196, dropped: {} });
        const members = new Map(windows.flatMap((one) => one.members.map((member) => [member.seq, member])));
        expect([...members.keys()].sort((a, b) => a - b)).toEqual([...Array(200).keys()].filter((seq) => seq < at || seq >= at + 4));
        expect(shown(windows)).toEqual(windowsOf([...members.values()]));
        // No time from before the step lies behind one from after it, and none is far from its arrival.
        const times = [...members.values()].sort((a, b) => a.seq - b.seq);
        expect(times.filter(({ timeUs }, i) => timeUs < (times[i - 1]?.timeUs ?? 0))).toEqual([]);
        expect(times.filter(({ timeUs, seq }) => Math.abs(timeUs - EPOCH_US - seq * STEP_US) >= 20_000)).toEqual([]);
      }),
      { numRuns: 30 },
    );
  });

  it('of a drifting counter behind a jittery line differ from the true ones only within their own bound of error', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: -200, max: 200 }), fc.integer({ min: 1, max: 1000 }), async (ppm, seed) => {
        const random = seeded(seed);
        const trueUs = (seq: number): number => EPOCH_US + seq * STEP_US;
        const readings = Array.from({ length: 4000 }, (_, seq): Reading<Imu> => ({
          arrivalUs: trueUs(seq) - 5000 * Math.log(1 - random()),
          deviceUs: 7e8 + seq * STEP_US * (1 + ppm / 1e6),
          seq,
          payload,
        })).sort((a, b) => a.arrivalUs - b.arrivalUs);
        const { windows, clock, window } = await run(readings);
        expect(clock).toMatchObject({ received: 4000, emitted: 4000, dropped: {} });
        expect(window).toMatchObject({ received: 4000, emitted: 4000, dropped: {} });
        for (const { startUs, endUs, errorUs, members } of windows) {
          expect(errorUs).toBe(Math.max(...members.map((member) => member.errorUs)));
          const wrong = members.filter(({ seq }) => trueUs(seq) < startUs - errorUs || trueUs(seq) >= endUs + errorUs);
          expect(wrong).toEqual([]);
        }
        // Warm by then: a bound of half a window would be no claim.
        expect(windows.at(-1)?.errorUs).toBeLessThan(3000);
      }),
      { numRuns: 5 },
    );
  });
});

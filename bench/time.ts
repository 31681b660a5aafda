import { bufferCount, Subject } from 'rxjs';
import { Ledger } from '../src/core/ledger.ts';
import type { Imu, Reading } from '../src/core/types.ts';
import { correctClock } from '../src/operators/correct-clock.ts';
import { slidingWindow } from '../src/operators/sliding-window.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { compare, report, type BenchOptions, type BenchReport } from './report.ts';

const SOURCES = 32;
const PERIOD_US = 1000;
const BUDGET_PERCENT = 5;
const EPOCH_US = 1.75e15;
const OFFSET_US = 40_000;
const DRIFT = 50e-6;
const JITTER_US = 5000;
const SETTLED_US = 60e6;

/**
 * What event time costs and what it is worth. Cost: 32 inertial sensors of 1 kHz through clock model and sliding windows of 1 s each
 * 0.5 s, as a share of one core, against the goal of 5 % and against counting 1000 readings into arrays without any notion of time.
 * Worth: how far event times of two sensors are apart at 40 ms offset, 50 ppm drift and exponential delays of 5 ms on average, after
 * a minute, against taking the time of arrival.
 */
export function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const seconds = quick ? 5 : 60;
  const runs = quick ? 2 : 5;
  const costs: { ours: number; opponent: number }[] = [];
  // The first round warms the compiler.
  for (let turn = 0; turn <= runs; turn++) {
    const opponent = coreShare(seconds, countReadings);
    const ours = coreShare(seconds, eventTime);
    if (turn > 0) costs.push({ ours, opponent });
  }
  const errors = Array.from({ length: runs }, (_, seed) => alignment(seed + 1));
  return Promise.resolve(
    report(
      'time',
      [
        compare(
          `${SOURCES} x 1 kHz: clock model and windows`,
          `% of one core against the goal of ${BUDGET_PERCENT}; less is better`,
          costs.map(({ ours }) => ({ ours, opponent: BUDGET_PERCENT })),
        ),
        compare(`${SOURCES} x 1 kHz: against counting`, '% of one core against bufferCount(1000, 500) of RxJS; less is better', costs),
        compare(
          'two sensors, worst after 60 s',
          'ms between event times of one moment, against times of arrival; less is better',
          errors.map(({ worst }) => worst),
        ),
        compare(
          'two sensors, mean after 60 s',
          'ms between event times of one moment, against times of arrival; less is better',
          errors.map(({ mean }) => mean),
        ),
      ],
      ['rxjs'],
    ),
  );
}

type Load = (inputs: readonly Subject<Reading<Imu>>[]) => void;

const eventTime: Load = (inputs) => {
  const ledger = new Ledger();
  for (const [i, input] of inputs.entries()) {
    const source = `imu${i}`;
    input
      .pipe(
        correctClock<Imu>({
          source,
          modality: 'imu',
          stage: ledger.stage(source, 'clock'),
        }),
        slidingWindow<Imu>({
          sizeMs: 1000,
          hopMs: 500,
          latenessMs: 200,
          closeWhenWhole: true,
          stage: ledger.stage(source, 'window'),
        }),
      )
      .subscribe();
  }
};

const countReadings: Load = (inputs) => {
  for (const input of inputs) input.pipe(bufferCount(1000, 500)).subscribe();
};

/** Share of one core, in percent, that so many seconds of all sources take. */
function coreShare(seconds: number, load: Load): number {
  const inputs = Array.from({ length: SOURCES }, () => new Subject<Reading<Imu>>());
  load(inputs);
  // A sensor that is stuck would be looked at to its last reading.
  const payloads = Array.from({ length: 16 }, (_, i): Imu => ({
    kind: 'imu',
    values: new Float32Array(6).fill(i),
  }));
  const random = seeded(7);
  const before = process.cpuUsage();
  for (let i = 0; i < (seconds * 1e6) / PERIOD_US; i++) {
    const arrivalUs = EPOCH_US + i * PERIOD_US + 200 * random();
    const payload = payloads[i % payloads.length];
    if (payload)
      for (const input of inputs)
        input.next({
          arrivalUs,
          deviceUs: 5e8 + i * PERIOD_US,
          seq: i,
          payload,
        });
  }
  const { user, system } = process.cpuUsage(before);
  for (const input of inputs) input.complete();
  return (100 * (user + system)) / (seconds * 1e6);
}

/** Two sensors of 100 Hz that read at the same moments; the second one's clock is offset and drifts. */
function alignment(seed: number): Record<'worst' | 'mean', { ours: number; opponent: number }> {
  const random = seeded(seed * 7919);
  const sensors = [0, 1].map((which) => {
    const input = new Subject<Reading<Imu>>();
    const sensor = { input, which, timeUs: 0, arrivalUs: 0 };
    input.pipe(correctClock<Imu>({ source: 'imu', modality: 'imu' })).subscribe(({ timeUs }) => (sensor.timeUs = timeUs));
    return sensor;
  });
  const sums = {
    ours: 0,
    opponent: 0,
    worstOurs: 0,
    worstOpponent: 0,
    count: 0,
  };
  for (let trueUs = 0; trueUs < 2 * SETTLED_US; trueUs += 10_000) {
    for (const sensor of sensors) {
      sensor.arrivalUs = EPOCH_US + trueUs - JITTER_US * Math.log(1 - random());
      const deviceUs = 1e9 + trueUs * (1 + sensor.which * DRIFT) + sensor.which * OFFSET_US;
      sensor.input.next({
        arrivalUs: sensor.arrivalUs,
        deviceUs,
        payload: { kind: 'imu', values: new Float32Array(6) },
      });
    }
    const [a, b] = sensors;
    if (trueUs < SETTLED_US || !a || !b) continue;
    const ours = Math.abs(a.timeUs - b.timeUs) / 1000;
    const opponent = Math.abs(a.arrivalUs - b.arrivalUs) / 1000;
    sums.ours += ours;
    sums.opponent += opponent;
    sums.worstOurs = Math.max(sums.worstOurs, ours);
    sums.worstOpponent = Math.max(sums.worstOpponent, opponent);
    sums.count++;
  }
  return {
    worst: { ours: sums.worstOurs, opponent: sums.worstOpponent },
    mean: {
      ours: sums.ours / sums.count,
      opponent: sums.opponent / sums.count,
    },
  };
}

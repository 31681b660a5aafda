import { concat, NEVER, of, Subject } from 'rxjs';
import type { Engine, Model } from '../../pipelines/engine.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { silentLog } from '../../src/core/log.ts';
import type { Source } from '../../src/core/source.ts';
import { hostClock } from '../../src/core/time.ts';
import type { Modality, Reading } from '../../src/core/types.ts';
import type { Bundle, BundleEntry } from '../../src/encoders/bundle.ts';
import { startEncoders } from '../../src/encoders/encoder-pool.ts';
import type { Recorder } from '../../src/recording/recorder.ts';
import { Station } from '../../src/runtime/station.ts';
import { windowTerms } from '../../src/runtime/window-terms.ts';

/** Windows on their way at any time. */
const OUTSTANDING = 8;
const WARM_UP_MS = 500;

export interface ClosedLoopOptions {
  readonly bundle: Bundle;
  readonly modality: Modality;
  readonly ledger: Ledger;
  /** What makes the next window: given whenever a vector has come out. */
  readonly next: () => readonly Reading[];
  /** Hears of all that a run tells its recorder. */
  readonly recorder?: Recorder | undefined;
  readonly seconds: number;
}

export interface Throughput {
  /** Vectors. */
  readonly perSecond: number;
  /** Processor time of all threads for each vector, in ms. */
  readonly cpuMs: number;
}

/** What one source gives whose readings never run out, through its own pipeline and one inference worker. */
export async function closedLoop({ bundle, modality, ledger, next, recorder, seconds }: ClosedLoopOptions): Promise<Throughput> {
  const encoders = await startEncoders(bundle, { ledger, workers: 1 });
  const readings = new Subject<Reading>();
  const source: Source = {
    id: modality,
    modality,
    readings$: readings.asObservable(),
    status$: NEVER,
    start: () => undefined,
    stop: () => Promise.resolve(),
  };
  const entry = (wanted: Modality): BundleEntry => {
    const found = bundle.entries.get(wanted);
    if (!found) throw new Error(`${bundle.dir} has no encoder of ${wanted}`);
    return found;
  };
  const model: Model = {
    encoders,
    frontEnd: (wanted) => entry(wanted).frontEnd,
    window: () => windowTerms(entry(modality).window),
    policy: { keep: 'every', queue: 2 * OUTSTANDING, onDrop: (window, reason) => recorder?.dropped(window, reason) },
    hold: () => () => undefined,
    expired$: NEVER,
  };
  const engine: Engine = { ledger, models$: concat(of(model), NEVER), clock: () => ({}), show: () => undefined };
  let count = 0;
  let isOver = false;
  const push = (): void => {
    if (!isOver) for (const reading of next()) readings.next(reading);
  };
  const station = new Station({
    config: { id: modality, modality, from: 'file:bench' },
    source,
    engine,
    clock: hostClock,
    log: silentLog,
    onReading: recorder && ((...reading) => recorder.reading(...reading)),
    onEmbedding: (embedding) => {
      count++;
      recorder?.embedding(embedding);
      const { startUs, endUs } = embedding;
      recorder?.score({ rule: 'bench', source: modality, modality, score: 0.1234, threshold: 0.3, startUs, endUs });
      // Not within the result of another one: a sensor would not speak at that moment either.
      setImmediate(push);
    },
    onStatus: () => undefined,
  });
  station.start();
  for (let i = 0; i < OUTSTANDING; i++) push();
  await sleep(WARM_UP_MS);
  const [begin, before, cpu] = [performance.now(), count, process.cpuUsage()];
  await sleep(seconds * 1000);
  const made = count - before;
  const { user, system } = process.cpuUsage(cpu);
  const throughput = { perSecond: made / ((performance.now() - begin) / 1000), cpuMs: (user + system) / 1000 / made };
  isOver = true;
  await encoders.stop();
  await station.stop();
  return throughput;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

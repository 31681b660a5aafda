import { monitorEventLoopDelay } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import sharp from 'sharp';
import { Subject } from 'rxjs';
import { Ledger } from '../src/core/ledger.ts';
import type { EncodeInput } from '../src/core/types.ts';
import { openBundle, type Bundle } from '../src/encoders/bundle.ts';
import { startEncoders } from '../src/encoders/encoder-pool.ts';
import { loadOrt } from '../src/encoders/load-ort.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'utilisation';

const UNIT = 'image embeddings per second with one inference worker; more is better';
const LOOP_UNIT = 'p99 of the event loop delay in ms against a budget of 10 ms; less is better';
/** Windows that the source keeps on their way, as the baseline's closed loop does. */
const OUTSTANDING = 8;

/** What crosses to the thread of the bare loop. */
interface BareLoop {
  readonly graph: string;
  readonly input: string;
  readonly shape: readonly number[];
  readonly output: string;
  readonly seconds: number;
}

/**
 * How much of the processor's inference the pipeline leaves to inference: embeddings per second through the encoders (queues, front
 * ends, threads, ledger) against a loop that does nothing but call the same graph in one thread. Both one after the other, in turns.
 * `tensor`: windows come as tensors; `picture`: as JPEG of 640 x 480, decoded and resized on the way. The bundle is the first argument
 * after the name, else `EDGEBIND_BENCH_MODEL`, else models/mini.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const folder = process.env['EDGEBIND_BENCH_MODEL'] ?? 'models/mini';
  const bundle = await openBundle(folder);
  const seconds = quick ? 1 : 6;
  const runs = quick ? 2 : 5;
  const results: BenchResult[] = [];
  for (const kind of ['tensor', 'picture'] as const) {
    const pairs: { ours: number; opponent: number }[] = [];
    const delays: number[] = [];
    for (let turn = 0; turn < runs; turn++) {
      const opponent = await bareLoop(bundle, seconds);
      const { perSecond, loopP99Ms } = await saturate(bundle, kind, seconds);
      pairs.push({ ours: perSecond, opponent });
      delays.push(loopP99Ms);
    }
    results.push(compare(`${kind} windows, saturated`, UNIT, pairs));
    results.push(
      compare(
        `${kind} windows, event loop`,
        LOOP_UNIT,
        delays.map((ours) => ({ ours, opponent: 10 })),
      ),
    );
  }
  const rss = process.memoryUsage.rss() / 2 ** 20;
  results.push(
    compare('memory after all runs', 'resident MiB of the whole process against 512; less is better', [{ ours: rss, opponent: 512 }]),
  );
  return report(name, results, ['onnxruntime-node', 'sharp']);
}

async function saturate(bundle: Bundle, kind: 'tensor' | 'picture', seconds: number): Promise<{ perSecond: number; loopP99Ms: number }> {
  const entry = bundle.entries.get('image');
  if (!entry || !('shape' in entry.input)) throw new Error(`${bundle.dir} has no image encoder`);
  const { shape } = entry.input;
  const ledger = new Ledger();
  const encoders = await startEncoders(bundle, { ledger, workers: 1 });
  const windows$ = new Subject<EncodeInput>();
  const meta = {
    source: 'bench',
    modality: 'image',
    startUs: 0,
    endUs: 1,
    errorUs: 0,
    samples: { first: 0, last: 0, missing: 0 },
    coverage: 1,
  } as const;
  const data = tensorData(shape);
  const bytes = await testPicture();
  const push = (): void =>
    windows$.next(kind === 'tensor' ? { ...meta, tensor: { shape, data } } : { ...meta, picture: { kind: 'encoded', bytes } });
  const times: number[] = [];
  windows$.pipe(encoders.encode('bench', { keep: 'every', queue: OUTSTANDING })).subscribe(() => {
    times.push(performance.now());
    // Not within the result of another one: a camera would not come at that moment either.
    setImmediate(push);
  });
  for (let i = 0; i < OUTSTANDING; i++) push();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const start = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const end = performance.now();
  delay.disable();
  const count = times.filter((time) => time >= start && time < end).length;
  await encoders.stop();
  if (!ledger.sums) throw new Error('the ledger does not sum');
  // The monitor's own timer adds its resolution.
  return { perSecond: count / ((end - start) / 1000), loopP99Ms: Math.max(0.01, delay.percentile(99) / 1e6 - 1) };
}

const tensorData = (shape: readonly number[]): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));

/** A JPEG of 640 x 480 with detail everywhere, about 70 kB. */
async function testPicture(): Promise<Uint8Array> {
  const data = Buffer.alloc(640 * 480 * 3);
  for (let i = 0; i < data.length; i++) data[i] = 128 + 60 * Math.sin(i / 50) + 30 * Math.sin(i / 7919) + ((i * 7919) % 31);
  return new Uint8Array(
    await sharp(data, { raw: { width: 640, height: 480, channels: 3 } })
      .jpeg({ quality: 80 })
      .toBuffer(),
  );
}

async function bareLoop(bundle: Bundle, seconds: number): Promise<number> {
  const entry = bundle.entries.get('image');
  if (!entry || !('shape' in entry.input)) throw new Error(`${bundle.dir} has no image encoder`);
  const bare: BareLoop = { graph: entry.graph, input: entry.input.name, shape: entry.input.shape, output: entry.output, seconds };
  return new Promise((resolve, reject) => {
    const thread = new Worker(fileURLToPath(import.meta.url), { workerData: { bare } });
    thread.once('message', resolve);
    thread.once('error', reject);
  });
}

/** The loop itself, in its own thread. */
async function loop({ graph, input, shape, output, seconds }: BareLoop): Promise<number> {
  const ort = await loadOrt();
  const session = await ort.InferenceSession.create(graph, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const feeds = { [input]: new ort.Tensor('float32', tensorData(shape), [1, ...shape]) };
  for (let i = 0; i < 10; i++) await session.run(feeds, [output]);
  const start = performance.now();
  let calls = 0;
  while (performance.now() - start < seconds * 1000) {
    await session.run(feeds, [output]);
    calls++;
  }
  const perSecond = calls / ((performance.now() - start) / 1000);
  await session.release();
  return perSecond;
}

const { bare } = (workerData ?? {}) as { bare?: BareLoop };
if (!isMainThread && bare) parentPort?.postMessage(await loop(bare));

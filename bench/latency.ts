import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../src/core/log.ts';
import { loadOrt } from '../src/encoders/load-ort.ts';
import { startBroker } from '../src/inputs/embedded-broker.ts';
import { SENSES, senses, writeBenchBundle, type BenchSense } from './latency/bench-bundle.ts';
import type { Latencies, LoadTask } from './latency/load.ts';
import type { NaiveFigures, NaiveTask } from './latency/naive-server.ts';
import { compare, median, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'latency';

const OVERHEAD = 'ms from the newest sample to its receipt over WebSocket, less the bare model time; less is better';
/** Longer than any window, several times of those made: by then V8 has compiled what makes them. */
const WARM_UP_SECONDS = 8;
const SECONDS = 32;
const RUNS = 3;

/** One product under the load. */
interface Measured {
  readonly latencies: Latencies;
  readonly loopP99Ms: number;
  readonly rssMb: number;
}

/** Both products, the bare time of each graph, and what the machine adds to that of pictures by itself. */
interface Turn {
  readonly ours: Measured;
  readonly opponent: Measured;
  readonly bare: Readonly<Record<BenchSense, number>>;
  readonly alone: number;
}

/** A product that runs and listens. */
interface Product {
  readonly streamUrl: string;
  /** Figures since this was last asked. */
  figures(): Promise<{ readonly loopP99Ms: number; readonly rssMb: number }>;
  stop(): Promise<void>;
}

/**
 * What `edgebind run` adds to the model's own time at the load of a small site (30 pictures, 50 chunks of sound, 9 heat maps, 200
 * motions a second, by MQTT), beside the server that one writes in an afternoon, with the same graphs, under the same load, one
 * after the other. The bare time of each graph is measured between them, and what this machine adds to it by itself: a timer and a
 * bare call, 30 times a second, with nothing else running.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const folder = await mkdtemp(join(tmpdir(), 'edgebind-latency-'));
  const broker = await startBroker({ port: 0, log: silentLog });
  const seconds = quick ? WARM_UP_SECONDS + 8 : SECONDS;
  try {
    await writeBenchBundle(join(folder, 'bundle'));
    const turns: Turn[] = [];
    for (let turn = 0; turn < (quick ? 1 : RUNS); turn++) {
      const ours = await measure(await startOurs(folder, broker.url), broker.url, seconds);
      const bare = await bareTimes(join(folder, 'bundle'));
      const alone = await aloneP99(join(folder, 'bundle'), bare.image, quick ? 4 : 16);
      const opponent = await measure(await startNaive(join(folder, 'bundle'), broker.url), broker.url, seconds);
      turns.push({ ours, bare, alone, opponent });
    }
    return report(name, resultsOf(turns), ['onnxruntime-node', 'mqtt', 'sharp', 'ws', 'rxjs']);
  } finally {
    await broker.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function resultsOf(turns: readonly Turn[]): BenchResult[] {
  const results: BenchResult[] = [];
  for (const [sense, of] of [
    ...senses.map((each) => [each, each] as const),
    ['imu, from the reading that closes its window', 'closed'] as const,
  ]) {
    const graph = of === 'closed' ? 'imu' : of;
    for (const [percent, share] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const pairs = turns.map(({ ours, opponent, bare }) => ({
        ours: over(ours.latencies[of], share, bare[graph]),
        opponent: over(opponent.latencies[of], share, bare[graph]),
      }));
      results.push(compare(`${sense}, ${percent}`, OVERHEAD, pairs));
    }
  }
  const machine = turns.map(({ ours, bare, alone }) => ({ ours: over(ours.latencies.image, 0.99, bare.image), opponent: alone }));
  results.push(compare('image, p99, against a timer and a bare call', `${OVERHEAD}; the opponent is this machine alone`, machine));
  const by = (of: (measured: Measured) => number): { ours: number; opponent: number }[] =>
    turns.map(({ ours, opponent }) => ({ ours: of(ours), opponent: of(opponent) }));
  const loop = by(({ loopP99Ms }) => Math.max(0.01, loopP99Ms));
  results.push(compare('event loop delay, p99', 'ms under the load; less is better', loop));
  const memory = by(({ rssMb }) => rssMb);
  results.push(compare('memory', 'resident MB at the end; less is better', memory));
  return results;
}

/** The percentile less the bare time; not below 0.01, which a ratio needs. */
function over(latencies: readonly number[], share: number, bareMs: number): number {
  const sorted = latencies.toSorted((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  if (value === undefined) throw new Error('latency: no vector of a sense arrived: the machine is too busy');
  return Math.max(0.01, value - bareMs);
}

async function measure(product: Product, mqttUrl: string, seconds: number): Promise<Measured> {
  try {
    const load = fork(beside('load'), [], { stdio: 'inherit' });
    const task: LoadTask = { mqttUrl, streamUrl: product.streamUrl, seconds, warmUpSeconds: WARM_UP_SECONDS };
    load.send(task);
    setTimeout(() => void product.figures(), WARM_UP_SECONDS * 1000);
    const [latencies] = (await Promise.race([
      once(load, 'message'),
      once(load, 'exit').then(() => Promise.reject(new Error('latency: the load ended early'))),
    ])) as [Latencies];
    return { latencies, ...(await product.figures()) };
  } finally {
    await product.stop();
  }
}

async function startOurs(folder: string, mqttUrl: string): Promise<Product> {
  const config = join(folder, 'config.yaml');
  const source = (modality: BenchSense, rest: object): object => ({
    id: modality,
    modality,
    from: `mqtt:bench/${modality}`,
    envelope: 'stamp16',
    ...rest,
  });
  const sources = [
    source('image', { format: 'jpeg' }),
    source('audio', { format: 'pcm_s16le', rateHz: 16_000 }),
    source('thermal', { format: 'thermal-i16', width: 24, height: 32 }),
    source('imu', { format: 'imu-f32' }),
  ];
  // JSON is YAML.
  await writeFile(config, JSON.stringify({ model: join(folder, 'bundle'), broker: { url: mqttUrl }, encoders: { workers: 1 }, sources }));
  const cli = fileURLToPath(new URL('../../bin/edgebind.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'run', config, '--port', '0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const found = /EdgeBind runs: (\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`latency: edgebind run ended with code ${code}`)));
  });
  return {
    streamUrl: `${url.replace('http', 'ws')}/v1/stream`,
    figures: async () => {
      // prom-client begins its histogram anew with each answer; it counts the timer's own interval of 10 ms.
      const metrics = await (await fetch(new URL('/metrics', url))).text();
      const value = (metric: string): number => Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(metrics)?.[1]);
      return { loopP99Ms: value('nodejs_eventloop_lag_p99_seconds') * 1000 - 10, rssMb: value('process_resident_memory_bytes') / 1e6 };
    },
    stop: () => end(child, () => child.kill('SIGTERM')),
  };
}

async function startNaive(bundle: string, mqttUrl: string): Promise<Product> {
  const child = fork(beside('naive-server'), [], { stdio: 'inherit' });
  const task: NaiveTask = { bundle, mqttUrl };
  child.send(task);
  const [{ port = 0 }] = (await once(child, 'message')) as [NaiveFigures];
  return {
    streamUrl: `ws://127.0.0.1:${port}`,
    figures: async () => {
      child.send('figures');
      const [{ loopP99Ms = NaN, rssMb = NaN }] = (await once(child, 'message')) as [NaiveFigures];
      return { loopP99Ms, rssMb };
    },
    stop: () => end(child, () => child.disconnect()),
  };
}

async function end(child: ChildProcess, ask: () => void): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = once(child, 'exit');
  ask();
  await ended;
}

/** Median time of a call of each graph in ms, one thread, nothing else. */
async function bareTimes(bundle: string): Promise<Readonly<Record<BenchSense, number>>> {
  const times: Record<BenchSense, number> = { image: 0, audio: 0, thermal: 0, imu: 0 };
  for (const sense of senses) {
    const { call, release } = await bareCall(bundle, sense);
    const calls: number[] = [];
    for (let i = 0; i < 50; i++) {
      const start = performance.now();
      await call();
      calls.push(performance.now() - start);
    }
    times[sense] = median(calls.slice(10));
    await release();
  }
  return times;
}

/** p99 of a call of the image graph at 30 a second, from when it is due to its end, less the bare time: what timers, caches and the cores' other users cost. */
async function aloneP99(bundle: string, bareMs: number, seconds: number): Promise<number> {
  const { call, release } = await bareCall(bundle, 'image');
  const latencies: number[] = [];
  const start = performance.now() + 100;
  for (let i = 0; i < seconds * 30; i++) {
    const due = start + (i * 1000) / 30;
    await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
    await call();
    latencies.push(performance.now() - due);
  }
  await release();
  return over(latencies, 0.99, bareMs);
}

/** A graph in a session of one thread, with an input. */
async function bareCall(bundle: string, sense: BenchSense): Promise<{ call: () => Promise<unknown>; release: () => Promise<void> }> {
  const ort = await loadOrt();
  const session = await ort.InferenceSession.create(join(bundle, `${sense}.onnx`), { intraOpNumThreads: 1 });
  const shape: readonly number[] = SENSES[sense].shape;
  const size = shape.reduce((product, n) => product * n, 1);
  const data = Float32Array.from({ length: size }, (_, i) => Math.sin(i));
  const feeds = { input: new ort.Tensor('float32', data, [1, ...shape]) };
  return { call: () => session.run(feeds), release: () => session.release() };
}

const beside = (file: string): string => fileURLToPath(new URL(`latency/${file}${extname(import.meta.filename)}`, import.meta.url));

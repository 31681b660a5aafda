import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'side-by-side';

type Scenario = 's1' | 's2' | 's3' | 's4' | 's5';
type Sense = 'camera' | 'audio' | 'thermal' | 'imu';

/** What the meter says of one sense. */
interface SenseFigures {
  readonly p50: number;
  readonly p99: number;
  /** Windows that were still queued when the load had stopped for 1.5 s. */
  readonly undelivered: number;
  readonly backAfterS?: number;
}

/** What the meter says of one run. */
type Figures = Readonly<Record<Sense, SenseFigures>> & {
  /** Embeddings a second over those of a bare loop in one thread. */
  readonly fraction?: number;
  readonly rssPeak: number;
  readonly maxBuffered?: number;
};

const SENSES: readonly Sense[] = ['camera', 'audio', 'thermal', 'imu'];
const SECONDS: Readonly<Record<Scenario, number>> = { s1: 15, s2: 15, s3: 40, s4: 25, s5: 10 };
const RUNS = 3;
/** Of what must not be 0, because a ratio is made of it. */
const LEAST = 0.01;

/**
 * EdgeBind as one more product of the baselines' meter, in turns with the naive server of the baselines: nominal load (s1), a model that is slower than
 * the camera (s2), a client that never reads (s3), a broker that is away for 3 s (s4), saturation (s5). `EDGEBIND_BASELINES` names their folder; their
 * models are made by the python that `EDGEBIND_BENCH_PYTHON` names where they are not there. Wants mosquitto and socat.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const baselines = process.env['EDGEBIND_BASELINES'];
  if (baselines === undefined) throw new Error('side-by-side: EDGEBIND_BASELINES names no folder; set it to that of the baselines');
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-side-by-side-'));
  try {
    prepare(resolve(baselines), folder);
    const results: BenchResult[] = [];
    for (const scenario of ['s1', 's2', 's3', 's4', 's5'] as const) {
      const pairs: Pair[] = [];
      for (let turn = 1; turn <= (quick ? 1 : RUNS); turn++) {
        pairs.push({ opponent: measure(folder, 'naive', scenario, turn), ours: measure(folder, 'edgebind', scenario, turn) });
        process.stderr.write(`side-by-side: ${scenario}, run ${turn} done\n`);
      }
      results.push(...rows(scenario, pairs));
    }
    return await Promise.resolve(report(name, results, ['onnxruntime-node', 'mqtt', 'sharp', 'ws', 'rxjs']));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Pair {
  readonly ours: Figures;
  readonly opponent: Figures;
}

/** A copy of the meter that knows EdgeBind, too. */
function prepare(baselines: string, folder: string): void {
  for (const part of ['meter', 'loadgen', 'lib', 'naive', 'bench', 'make_models.py'])
    cpSync(join(baselines, part), join(folder, part), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  if (existsSync(join(baselines, 'models'))) symlinkSync(join(baselines, 'models'), join(folder, 'models'));
  else {
    mkdirSync(join(folder, 'models'));
    const python = process.env['EDGEBIND_BENCH_PYTHON'] ?? 'python3';
    const { status, stderr } = spawnSync(python, ['make_models.py', 'models'], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`side-by-side: ${python} make_models.py failed: ${stderr.trim().split('\n').at(-1) ?? ''}`);
  }
  const cli = resolve('dist/src/cli/main.js');
  const adapter = resolve('bench/side-by-side/adapter.mjs');
  replace(
    join(folder, 'meter', 'adapters.mjs'),
    /$/,
    `import { edgebind } from ${JSON.stringify(adapter)};\nproducts.edgebind = edgebind(${JSON.stringify(cli)});\n`,
  );
  // A subscription is asked for when the socket is open; a first start loads more than a naive server does.
  replace(join(folder, 'meter', 'run.mjs'), /return ws; \} catch/, 'if (product.greet) ws.send(product.greet); return ws; } catch');
  replace(join(folder, 'meter', 'run.mjs'), /i < 100;/, 'i < 300;');
}

function replace(file: string, what: RegExp, by: string): void {
  const text = readFileSync(file, 'utf8');
  if (!what.test(text)) throw new Error(`side-by-side: ${file} is not the meter that this bench knows: ${String(what)} is not in it`);
  // Files may have been copied without the right to write them.
  rmSync(file);
  writeFileSync(
    file,
    text.replace(what, () => by),
  );
}

/** @param attempts the meter may lose its own helper at the end of a run; then it is asked again */
function measure(folder: string, product: 'naive' | 'edgebind', scenario: Scenario, turn: number, attempts = 2): Figures {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['meter/run.mjs', product, scenario, String(SECONDS[scenario]), String(turn)],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: (SECONDS[scenario] + 120) * 1000,
    },
  );
  const last = stdout.trim().split('\n').at(-1) ?? '';
  if (status !== 0 || !last.startsWith('{')) {
    const failure = `side-by-side: the meter failed with ${product} in ${scenario}: ${stderr.trim().slice(-500)}`;
    if (attempts <= 1) throw new Error(failure);
    process.stderr.write(`${failure}\n`);
    return measure(folder, product, scenario, turn, attempts - 1);
  }
  return JSON.parse(last) as Figures;
}

function rows(scenario: Scenario, pairs: readonly Pair[]): BenchResult[] {
  const row = (what: string, unit: string, of: (figures: Figures) => number): BenchResult =>
    compare(
      `${scenario} ${what}`,
      unit,
      pairs.map(({ ours, opponent }) => ({ ours: Math.max(LEAST, of(ours)), opponent: Math.max(LEAST, of(opponent)) })),
    );
  const ms = 'ms from the newest sample to its receipt, the model included; less is better';
  const latencies = (): BenchResult[] =>
    SENSES.flatMap((sense) => [
      row(`${sense} p50`, ms, (figures) => figures[sense].p50),
      row(`${sense} p99`, ms, (figures) => figures[sense].p99),
    ]);
  const memory = (): BenchResult => row('memory', 'resident MB at most; less is better', ({ rssPeak }) => rssPeak);
  switch (scenario) {
    case 's1':
      return [...latencies(), memory()];
    case 's2':
      return [...latencies(), row('camera, queued at the end', 'pictures; less is better', ({ camera }) => camera.undelivered), memory()];
    case 's3':
      return [...latencies(), row('buffered for the stalled client', 'MB; less is better', ({ maxBuffered = 0 }) => maxBuffered / 2 ** 20)];
    case 's4':
      return [row('camera back', 's after the broker; less is better', ({ camera }) => camera.backAfterS ?? NaN)];
    case 's5':
      return [
        row('of a bare loop', 'embeddings a second over those of session.run alone; more is better', ({ fraction = 0 }) => fraction),
        memory(),
      ];
  }
}

import { statSync } from 'node:fs';
import type { InferenceSession } from 'onnxruntime-node';
import { openBundle } from '../src/encoders/bundle.ts';
import type { GraphPlan } from '../src/encoders/graph-plan.ts';
import { GraphSession } from '../src/encoders/graph-session.ts';
import { loadOrt, type Ort } from '../src/encoders/load-ort.ts';
import { planBundle } from '../src/encoders/try-bundle.ts';
import { tryGraphs } from '../src/encoders/try-graphs.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

export const name = 'models';

const PROVIDERS = ['cpu', 'webgpu', 'cuda', 'tensorrt'];
const threads = { intraOp: 1, interOp: 1 };

/**
 * The shipped bundle on every provider that works here, one thread: a call with one item against onnxruntime's bare `session.run` on
 * ready tensors, loading against its bare `create`, and memory (in a process of its own) against the size of the graph's file.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const ort = await loadOrt();
  const turns = quick ? 2 : 8;
  const results: BenchResult[] = [];
  let providers = PROVIDERS;
  for (const plan of await planBundle(await openBundle('models/mini'))) {
    for await (const { provider, measured, reason } of tryGraphs([plan], { providers, seconds: 0 })) {
      if (!measured) {
        process.stderr.write(`models: ${provider} left out: ${reason}\n`);
        providers = providers.filter((other) => other !== provider);
        continue;
      }
      results.push(...(await speeds(ort, plan, provider, turns, quick ? 5 : 20)));
      const file = statSync(plan.path).size / 2 ** 20;
      results.push(
        compare(`${plan.key} on ${provider}, memory`, 'MiB against the MiB of the graph file; less is better', [
          { ours: measured.rssMiB, opponent: file },
        ]),
      );
    }
  }
  return report(name, results, ['onnxruntime-node']);
}

async function speeds(ort: Ort, plan: GraphPlan, provider: string, turns: number, calls: number): Promise<BenchResult[]> {
  const options: InferenceSession.SessionOptions = { executionProviders: [provider], intraOpNumThreads: 1, interOpNumThreads: 1 };
  const item = plan.probes.slice(0, 1);
  const feeds = Object.fromEntries((item[0] ?? []).map(({ name: input, dims, data }) => [input, tensor(ort, [1, ...dims], data)]));
  const loads: { ours: number; opponent: number }[] = [];
  const runs: { ours: number; opponent: number }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    // The first to load pays for the other: they take turns at that.
    const early = turn % 2 === 0 ? undefined : await timed(() => ort.InferenceSession.create(plan.path, options));
    const [ours, oursMs] = await timed(() => GraphSession.open(ort, plan, provider, threads));
    const [bare, bareMs] = early ?? (await timed(() => ort.InferenceSession.create(plan.path, options)));
    loads.push({ ours: oursMs, opponent: bareMs });
    try {
      const pair = { ours: 0, opponent: 0 };
      await Promise.all([ours.run(item), bare.run(feeds)]);
      // In turns, so that a busy moment of the machine meets both.
      for (let call = 0; call < calls; call++) {
        pair.ours += (await timed(() => ours.run(item)))[1] / calls;
        pair.opponent += (await timed(() => bare.run(feeds)))[1] / calls;
      }
      runs.push(pair);
    } finally {
      await ours.release();
      await bare.release();
    }
  }
  const one = `${plan.key} on ${provider}`;
  return [
    compare(`${one}, call`, 'ms per call against bare session.run; less is better', runs),
    compare(`${one}, load`, 'ms against bare InferenceSession.create; less is better', loads),
  ];
}

async function timed<T>(step: () => Promise<T>): Promise<[T, number]> {
  const start = performance.now();
  return [await step(), performance.now() - start];
}

function tensor(ort: Ort, dims: number[], data: GraphPlan['probes'][number][number]['data']): InstanceType<Ort['Tensor']> {
  if (data instanceof Float32Array) return new ort.Tensor('float32', data, dims);
  return data instanceof BigInt64Array ? new ort.Tensor('int64', data, dims) : new ort.Tensor('int32', data, dims);
}

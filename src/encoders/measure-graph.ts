import { EdgeBindError } from '../core/errors.ts';
import type { GraphPlan } from './graph-plan.ts';
import { GraphSession } from './graph-session.ts';
import type { Ort } from './load-ort.ts';
import { ranKernels } from './ran-kernels.ts';
import { judged, trustCheck, type TrustReport } from './trust-check.ts';

/** Speed, size and trust of one graph on one provider. */
export interface Measurement {
  readonly loadMs: number;
  /** The first call, which some providers spend on compiling. */
  readonly firstMs: number;
  /** Median of the later calls with one item. */
  readonly callMs: number;
  readonly p99Ms: number;
  readonly calls: number;
  /** By how much the process grew by loading and running the graph, MiB. */
  readonly rssMiB: number;
  /** Kernels of one call by the provider that really ran them. */
  readonly kernels: Readonly<Record<string, number>>;
  readonly trust: TrustReport;
}

const threads = { intraOp: 1, interOp: 1 };
const MIN_CALLS = 5;
/** A batch may differ from single items by rounding, int8 graphs by their ranges; more means that items of a batch see each other. */
const BATCH_DISTANCE = 0.05;

/**
 * Measures a graph on one provider with one thread, for about `seconds`, then checks it. Blocks the thread, and its memory is only
 * right in a process that has loaded no other graph: `tryGraphs` sees to both.
 *
 * @param fusionPlan the bundle's fusion graph: graphs of tokens are judged by what it makes of them
 * @throws EdgeBindError as `GraphSession.open` and `trustCheck`, and `MODEL_BATCH_MISMATCH` where an item's vector depends on the others
 *   in its call; in service such a graph gets its items one by one
 */
export async function measureGraph(
  ort: Ort,
  plan: GraphPlan,
  provider: string,
  seconds: number,
  fusionPlan?: GraphPlan,
): Promise<Measurement> {
  const probe = plan.probes.slice(0, 1);
  const timed = async (step: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await step();
    return performance.now() - start;
  };
  const rss = process.memoryUsage.rss();
  const start = performance.now();
  const session = await GraphSession.open(ort, plan, provider, threads);
  const loadMs = performance.now() - start;
  let fusion: GraphSession | undefined;
  let measured: Omit<Measurement, 'kernels'>;
  try {
    const firstMs = await timed(() => session.run(probe));
    const times: number[] = [];
    for (const end = performance.now() + seconds * 1000; performance.now() < end || times.length < MIN_CALLS;) {
      times.push(await timed(() => session.run(probe)));
    }
    const rssMiB = (process.memoryUsage.rss() - rss) / 2 ** 20;
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
    fusion = plan.tokens && fusionPlan && (await GraphSession.open(ort, fusionPlan, provider, threads));
    const trust = await trustCheck(judged(session, plan, fusion), plan);
    if (trust.batchError > BATCH_DISTANCE) {
      const got = trust.batchError.toPrecision(2);
      throw new EdgeBindError(
        'MODEL_BATCH_MISMATCH',
        `${plan.path}: vectors of a batch are ${got} away from those of single items, wanted 0`,
      );
    }
    measured = { loadMs, firstMs, callMs: at(0.5), p99Ms: at(0.99), calls: times.length, rssMiB, trust };
  } finally {
    await session.release();
    await fusion?.release();
  }
  return { ...measured, kernels: await ranKernels(ort, plan, provider, threads) };
}

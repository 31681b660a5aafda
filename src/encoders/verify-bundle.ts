import { messageOf } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import type { Bundle } from './bundle.ts';
import { FrontEndWorkers } from './front-end-workers.ts';
import type { GraphPlan } from './graph-plan.ts';
import { frontEndPlans, graphPlans } from './graph-plans.ts';
import { GraphSession } from './graph-session.ts';
import { loadOrt, type Ort } from './load-ort.ts';
import { trustCheck, type TrustReport } from './trust-check.ts';

/** A batch may differ from single items by rounding; more means that items of a batch see each other. */
const BATCH_TOLERANCE = 1e-3;

/** What was found of one graph on one provider. */
export interface Verdict {
  readonly modality: string;
  readonly provider: string;
  readonly isOk: boolean;
  /** Why not; empty where all is well. */
  readonly reason: string;
  readonly report?: TrustReport;
}

const threads = { intraOp: 1, interOp: 1 };

/** The plans of a bundle, with text made into ids by its own tokenizer. */
async function plansOf(bundle: Bundle): Promise<GraphPlan[]> {
  const frontEnds = await FrontEndWorkers.start({ count: 1, plans: frontEndPlans(bundle), log: silentLog });
  try {
    return await graphPlans(bundle, [], frontEnds);
  } finally {
    await frontEnds.stop();
  }
}

/**
 * Checks every graph of an opened bundle on each provider: shapes, unit norm, golden vectors, different inputs give different vectors,
 * a batch gives what single items give. Blocks the thread while graphs run: for command-line tools.
 */
export async function verifyBundle(bundle: Bundle, providers: readonly string[]): Promise<Verdict[]> {
  const ort = await loadOrt();
  const verdicts: Verdict[] = [];
  for (const plan of await plansOf(bundle)) for (const provider of providers) verdicts.push(await verifyGraph(ort, plan, provider));
  return verdicts;
}

async function verifyGraph(ort: Ort, plan: GraphPlan, provider: string): Promise<Verdict> {
  let session: GraphSession | undefined;
  try {
    session = await GraphSession.open(ort, plan, provider, threads);
    const report = await trustCheck(session, plan);
    const isOk = !(report.batchError > BATCH_TOLERANCE);
    const reason = isOk ? '' : `a batch differs from single items by ${report.batchError.toExponential(1)}`;
    return { modality: plan.key, provider, isOk, reason, report };
  } catch (error) {
    return { modality: plan.key, provider, isOk: false, reason: messageOf(error) };
  } finally {
    await session?.release();
  }
}

/** Speed and size of one graph on one provider. */
export interface Speed {
  readonly modality: string;
  readonly provider: string;
  readonly loadMs: number;
  /** Median of the calls with one item. */
  readonly callMs: number;
  readonly p99Ms: number;
  readonly calls: number;
  /** By how much the process grew by loading and running the graph, MiB. */
  readonly rssMiB: number;
}

/** Measures every graph of an opened bundle on one provider with one thread, for about `seconds` each. For command-line tools. */
export async function benchBundle(bundle: Bundle, provider: string, seconds: number): Promise<Speed[]> {
  const ort = await loadOrt();
  const speeds: Speed[] = [];
  for (const plan of await plansOf(bundle)) {
    const [probe] = plan.probes;
    if (!probe) continue;
    const rss = process.memoryUsage.rss();
    const start = performance.now();
    const session = await GraphSession.open(ort, plan, provider, threads);
    const loadMs = performance.now() - start;
    for (let i = 0; i < 3; i++) await session.run([probe]);
    const times: number[] = [];
    for (const end = performance.now() + seconds * 1000; performance.now() < end || times.length < 5;) {
      const before = performance.now();
      await session.run([probe]);
      times.push(performance.now() - before);
    }
    const rssMiB = (process.memoryUsage.rss() - rss) / 2 ** 20;
    await session.release();
    times.sort((a, b) => a - b);
    const at = (share: number): number => times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
    speeds.push({ modality: plan.key, provider, loadMs, callMs: at(0.5), p99Ms: at(0.99), calls: times.length, rssMiB });
  }
  return speeds;
}

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BackgroundStore } from '../src/alerts/background-store.ts';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { VirtualClock } from '../src/core/time.ts';
import { dot, normalise } from '../src/space/vector.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';
import { seeded } from '../src/space/bind/seeded.ts';

export const name = 'alerts';

const DIM = 256;
const SOURCES = 16;
const HZ = 4;
const UNIT = 'per cent of one core at 16 sources and 4 windows a second each; less is better';
/** Windows that differ, many enough that no rule meets the same scores in the same ten seconds again. */
const WINDOWS = 1021;

/**
 * A thousand calibrated rules on sixteen sources: the whole of judging (cosine, threshold, background, alert state), against the cosines
 * alone in a plain loop. Once while the backgrounds are learnt, in the minutes in which the most tails are fitted, and once when they
 * have known them for two hours; then also while somebody is told of every score. What is learnt goes into the journal on the disk, as in
 * the product.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const rules = quick ? 50 : 1000;
  const seconds = quick ? 5 : 20;
  const turns = quick ? 2 : 3;
  const uniform = seeded(1);
  const vector = (): Float32Array => normalise(Float32Array.from({ length: DIM }, () => uniform() - 0.5));
  const queries = Array.from({ length: rules }, vector);
  const windows = Array.from({ length: WINDOWS }, vector);
  const plain = (): number => {
    const start = process.cpuUsage();
    let sum = 0;
    for (let i = 0; i < seconds * HZ; i++)
      for (let source = 0; source < SOURCES; source++) {
        const judged = windows[(i * 7 + source * 53) % WINDOWS] ?? new Float32Array(DIM);
        for (const query of queries) sum += dot(query, judged);
      }
    if (Number.isNaN(sum)) throw new Error('the cosines are no numbers');
    return percent(start, seconds);
  };
  /** Backgrounds of all rules on all sources after so many minutes: learnt once on one source, and the same for the others. */
  const after = (minutes: number, isHeard: boolean): ((seconds: number) => Promise<number>) => {
    const single = engineOf(queries);
    let tick = 0;
    for (; tick < minutes * 60 * HZ; tick++) judgeAll(single, windows, tick, 1);
    const engine = new RuleEngine('s');
    engine.tellScores(() => isHeard);
    for (const { source: _, ...kept } of single.backgrounds())
      for (let source = 0; source < SOURCES; source++) engine.takeBack({ ...kept, source: `m${source}`, cells: kept.cells.slice() });
    const clock = new VirtualClock();
    BackgroundStore.open(engine, { dir: mkdtempSync(join(dir, 'state-')), clock, onProblem: () => undefined });
    setRules(engine, queries);
    return async (stretch) => {
      const start = process.cpuUsage();
      for (const end = tick + stretch * HZ; tick < end; tick++) {
        judgeAll(engine, windows, tick, SOURCES);
        clock.advanceMs(1000 / HZ);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return percent(start, stretch);
    };
  };
  const dir = mkdtempSync(join(tmpdir(), 'edgebind-bench-alerts-'));
  const phases = [
    { title: 'while they learn (10 minutes)', minutes: 10 },
    { title: 'when they have learnt (2 hours)', minutes: quick ? 30 : 120 },
    { title: 'the same, and a page shows every score', minutes: quick ? 30 : 120, isHeard: true },
  ];
  const results: BenchResult[] = [];
  for (const { title, minutes, isHeard = false } of phases) {
    const judge = after(minutes, isHeard);
    await judge(2);
    plain();
    const pairs: { ours: number; opponent: number }[] = [];
    for (let turn = 0; turn < turns; turn++) pairs.push({ ours: await judge(seconds), opponent: plain() });
    results.push(compare(`${rules} rules, ${title}`, UNIT, pairs));
  }
  rmSync(dir, { recursive: true });
  return report(name, results);
}

/** Of one core, in the simulated time. */
function percent(start: NodeJS.CpuUsage, seconds: number): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e4 / seconds;
}

function engineOf(queries: readonly Float32Array[]): RuleEngine {
  const engine = new RuleEngine('s');
  setRules(engine, queries);
  return engine;
}

function setRules(engine: RuleEngine, queries: readonly Float32Array[]): void {
  for (const [i, query] of queries.entries())
    engine.set(ruleSchema.parse({ id: `r${i}`, query: { text: `prompt ${i}` }, on: ['audio'], falseAlarmsPerDay: 2 }), {
      space: 's',
      vector: query,
    });
}

function judgeAll(engine: RuleEngine, windows: readonly Float32Array[], tick: number, sources: number): void {
  const endUs = 1e9 + (tick * 1e6) / HZ;
  for (let source = 0; source < sources; source++) {
    const vector = windows[(tick * 7 + source * 53) % WINDOWS] ?? new Float32Array(DIM);
    engine.judge({ source: `m${source}`, modality: 'audio', space: 's', startUs: endUs - 1e6, endUs, errorUs: 0, vector });
  }
}

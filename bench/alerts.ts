import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { dot } from '../src/space/vector.ts';
import { compare, report, type BenchOptions, type BenchReport } from './report.ts';
import { seeded } from '../src/space/bind/seeded.ts';

export const name = 'alerts';

const DIM = 256;
const SOURCES = 16;
const HZ = 4;
const UNIT = 'per cent of one core at 16 sources and 4 windows a second each; less is better';

/**
 * A thousand calibrated rules on sixteen sources: the whole of judging (cosine, threshold, background, alert state), against the cosines
 * alone in a plain loop.
 */
export function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const rules = quick ? 50 : 1000;
  const seconds = quick ? 5 : 20;
  const uniform = seeded(1);
  const vector = (): Float32Array => {
    const values = Float32Array.from({ length: DIM }, () => uniform() - 0.5);
    const length = Math.hypot(...values);
    return values.map((value) => value / length);
  };
  const queries = Array.from({ length: rules }, vector);
  const windows = Array.from({ length: 64 }, vector);
  const engine = new RuleEngine('s');
  for (const [i, query] of queries.entries())
    engine.set(ruleSchema.parse({ id: `r${i}`, query: { text: `prompt ${i}` }, on: ['audio'], falseAlarmsPerDay: 2 }), {
      space: 's',
      vector: query,
    });
  let tick = 0;
  const judge = (): number => {
    const start = process.cpuUsage();
    for (let i = 0; i < seconds * HZ; i++, tick++) {
      for (let source = 0; source < SOURCES; source++) {
        const endUs = 1e9 + (tick * 1e6) / HZ;
        const judged = windows[(tick * 7 + source * 5) % windows.length] ?? new Float32Array(DIM);
        engine.judge({ source: `m${source}`, modality: 'audio', space: 's', startUs: endUs - 1e6, endUs, errorUs: 0, vector: judged });
      }
    }
    return process.cpuUsage(start).user / 1e4 / seconds;
  };
  const plain = (): number => {
    const start = process.cpuUsage();
    let sum = 0;
    for (let i = 0; i < seconds * HZ; i++)
      for (let source = 0; source < SOURCES; source++) {
        const judged = windows[(i + source) % windows.length] ?? new Float32Array(DIM);
        for (const query of queries) sum += dot(query, judged);
      }
    if (Number.isNaN(sum)) throw new Error('the cosines are no numbers');
    return process.cpuUsage(start).user / 1e4 / seconds;
  };
  // The first turn warms both up, and is in the backgrounds' quiet two minutes.
  judge();
  plain();
  const pairs = Array.from({ length: quick ? 2 : 3 }, () => ({ ours: judge(), opponent: plain() }));
  return Promise.resolve(report(name, [compare(`${rules} rules`, UNIT, pairs)]));
}

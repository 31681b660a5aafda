/** `edgebind calibrate --in RECORDING` learns what the same rule would have learnt live. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import type { ToldBackground } from '../src/alerts/told-background.ts';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import type { Embedding } from '../src/core/types.ts';
import { Recorder } from '../src/recording/recorder.ts';
import { seeded } from '../src/space/bind/seeded.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const START_US = 1_700_000_000_000_000;
const MINUTES = 40;
const rule = ruleSchema.parse({ id: 'glass', query: { text: 'glass breaking' }, on: ['audio'], falseAlarmsPerDay: 24 });
const fixed = ruleSchema.parse({ id: 'fixed', query: { text: 'a dog' }, on: ['audio'], threshold: 0.4 });
const query = { space: 'abc', vector: Float32Array.of(1, 0) };

function windows(): Embedding[] {
  const uniform = seeded(3);
  return Array.from({ length: MINUTES * 120 }, (_, i) => {
    const score = 0.1 + 0.05 * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
    const startUs = START_US + i * 500_000;
    return {
      source: 'mic',
      modality: 'audio',
      space: i % 1000 === 7 ? 'other' : 'abc',
      seq: i,
      startUs,
      endUs: startUs + 1e6,
      errorUs: 0,
      samples: { first: 0, last: 0, missing: 0 },
      coverage: 1,
      vector: Float32Array.of(score, Math.sqrt(1 - score * score)),
    };
  });
}

describe('edgebind calibrate --in', () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-calibrate-'));
  const file = join(folder, 'evening.mcap');
  const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [cli, 'calibrate', ...args], { encoding: 'utf8', timeout: 60_000 });

  beforeAll(async () => {
    const recorder = new Recorder({ clock: hostClock, ledger: new Ledger(), log: silentLog, server: 'edgebind test', to: { file } });
    recorder.session({
      server: 'edgebind test',
      boot: 'b',
      startedUs: START_US,
      space: { id: 'abc', name: 'test', dim: 2 },
      folder: '/nowhere',
      config: { sources: [{ id: 'mic', modality: 'audio', from: 'file:x' }] },
      alerts: [],
    });
    // The rule as it was at first, and as it was in the end.
    recorder.rules([{ rule: { ...rule, falseAlarmsPerDay: 1 }, ...query }]);
    recorder.rules([
      { rule, ...query },
      { rule: fixed, ...query },
    ]);
    for (const one of windows()) recorder.embedding(one);
    await recorder.stop();
  });

  it('learns the thresholds that the rules would have learnt live, and draws them', () => {
    const svg = join(folder, 'evening.svg');
    const { status, stdout, stderr } = run('--in', file, '--json', '--svg', svg, '--rule', 'glass');
    expect([status, stderr]).toEqual([0, 'edgebind: left out: 5 windows of another model than the first\n']);
    const engine = new RuleEngine('abc');
    engine.set(rule, query);
    for (const one of windows()) if (one.space === 'abc') engine.judge(one);
    const [live] = engine.calibrations();
    const { backgrounds } = JSON.parse(stdout) as { backgrounds: ToldBackground[] };
    expect(backgrounds).toMatchObject([
      { rule: 'glass', source: 'mic', asked: 24, threshold: live!.threshold!, expectedPerDay: live!.expectedPerDay!, peaks: live!.peaks },
    ]);
    expect(backgrounds[0]!.tail!.peaks).toBeGreaterThan(20);
    const drawn = readFileSync(svg, 'utf8');
    expect(drawn).toContain('at most 24 false alarms a day; expected ');
    // Each peak in the tail is a dot beside the fit.
    expect(drawn.match(/<circle/g)!.length).toBeGreaterThan(20);
  });

  it('asks every rule for the rate that is said, also one of a fixed threshold', () => {
    const { status, stdout } = run('--in', file, '--per-day', '100');
    expect(status).toBe(0);
    expect(stdout).toMatch(/glass on mic: .* for at most 100 a day, expected false alarms a day: \d+/);
    expect(stdout).toMatch(/fixed on mic: .* for at most 100 a day, expected false alarms a day: \d+/);
  });

  it.each([
    ['a rule that was not in force', ['--in', '{file}', '--rule', 'glas'], /"glas" was not in force in .*known: glass, fixed/],
    ['two places', ['--in', '{file}', '--url', 'http://127.0.0.1:1'], /--in or --url, not both/],
    ['words of another space', ['--in', '{file}', '--text', 'glass', '--model', 'models/mini'], /of space abc, models\/mini of/],
  ])('refuses %s, and says what to do', (_, args, words) => {
    const { status, stderr } = run(...args.map((arg) => arg.replace('{file}', file)));
    expect(stderr).toMatch(words);
    expect(status).toBe(2);
  });
});

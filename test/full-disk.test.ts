/** What is kept of alerts, backgrounds and the past on a disk that is full, and on one that cannot be written, for real. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileAlertLog } from '../src/alerts/alert-log.ts';
import type { AlertDraft } from '../src/alerts/active-rule.ts';
import { BackgroundStore } from '../src/alerts/background-store.ts';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { writeLiveRules } from '../src/alerts/rule-store.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { VirtualClock } from '../src/core/time.ts';
import { MemoryStore } from '../src/memory/memory-store.ts';
import { makeFolder } from '../src/runtime/make-folder.ts';
import { SmallDisk } from './helpers/small-disk.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const MIB = 2 ** 20;
const PAGE = 4096;

const why = (() => {
  const disk = SmallDisk.mount(MIB);
  if (typeof disk === 'string') return disk;
  disk.unmount();
  return undefined;
})();
if (why !== undefined) process.stderr.write(`test/full-disk.test.ts is skipped: no file system can be mounted here (${why})\n`);

const draft = (i: number): AlertDraft => ({
  id: `fire-heat-${i}`,
  rule: 'fire',
  state: 'raised',
  source: 'heat',
  modality: 'thermal',
  score: 0.5,
  threshold: 0.4,
  startUs: i,
  endUs: i + 1,
  query: 'a fire '.repeat(20),
});

describe.skipIf(why !== undefined)('a small disk', () => {
  let disk: SmallDisk;
  beforeEach(() => {
    const mounted = SmallDisk.mount(MIB);
    if (typeof mounted === 'string') throw new Error(mounted);
    disk = mounted;
  });
  afterEach(() => disk.unmount());

  it('that is full takes no half line of an alert; each is in the log once when there is room again', () => {
    const path = join(disk.path, 'alerts.jsonl');
    const problems: (string | undefined)[] = [];
    const log = FileAlertLog.open(path, undefined, (problem) => problems.push(problem));
    log.append(draft(1));
    disk.fill(2 * PAGE);
    for (let i = 2; i <= 60; i++) log.append(draft(i));
    expect(problems).toEqual([expect.stringContaining('ENOSPC')]);
    expect(log.after(0)).toHaveLength(60);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.length).toBeLessThan(60);
    for (const [i, line] of lines.entries()) expect(JSON.parse(line)).toMatchObject({ cursor: i + 1 });
    disk.makeRoom();
    log.append(draft(61));
    expect(problems.at(-1)).toBeUndefined();
    // Not closed: a kill comes now.
    const again = FileAlertLog.open(path);
    expect(again.after(0)).toEqual(log.after(0));
    expect(again.newest).toBe(61);
    again.close();
    log.close();
  });

  it('that is full stops no background from learning, and what is kept can be read, whenever a kill comes', async () => {
    const dir = join(disk.path, 'backgrounds');
    const rule = ruleSchema.parse({ id: 'fire', query: { text: 'fire' }, on: ['thermal'], falseAlarmsPerDay: 2 });
    const problems: (string | undefined)[] = [];
    const start = () => {
      const clock = new VirtualClock();
      const engine = new RuleEngine('s');
      const store = BackgroundStore.open(engine, { dir, clock, onProblem: (problem) => problems.push(problem) });
      engine.set(rule, { space: 's', vector: Float32Array.of(1, 0) });
      return { clock, engine, store };
    };
    const { clock, engine, store } = start();
    const judge = (from: number, to: number): void => {
      for (let i = from; i < to; i++) {
        const score = 0.1 + 0.02 * Math.sin(i * i);
        const vector = Float32Array.of(score, Math.sqrt(1 - score * score));
        engine.judge({ source: 'heat', modality: 'thermal', space: 's', startUs: i * 1e6, endUs: (i + 1) * 1e6, errorUs: 0, vector });
        clock.advanceMs(1000);
      }
    };
    const seen = (one: RuleEngine): number => [...one.backgrounds()][0]?.cells[3] ?? 0;
    judge(0, 100);
    disk.fill();
    judge(100, 500);
    expect(problems).toEqual([expect.stringContaining('ENOSPC')]);
    const killed = seen(start().engine);
    expect(killed).toBeGreaterThan(90e6);
    expect(killed).toBeLessThan(450e6);
    disk.makeRoom();
    judge(500, 1000);
    expect(problems).toContain(undefined);
    await store.close();
    expect([...start().engine.backgrounds()].map(({ cells }) => cells)).toEqual([...engine.backgrounds()].map(({ cells }) => cells));
  });

  it('that is full lets the memory forget what it could not write, and nothing else', () => {
    const store = new MemoryStore(join(disk.path, 'memory'), { maxBytes: MIB, maxAgeUs: 1e15 });
    const window = (i: number) => {
      const vector = new Float32Array(256);
      vector[i % 256] = 1;
      return { source: 'heat', modality: 'thermal', space: 's', startUs: i * 1e7, endUs: i * 1e7 + 1e6, vector };
    };
    store.append([window(1), window(2)]);
    disk.fill();
    expect(() => store.append(Array.from({ length: 50 }, (_, i) => window(i + 3)))).toThrow(
      expect.objectContaining({ code: 'MEMORY_UNWRITABLE', message: expect.stringContaining('ENOSPC') as string }),
    );
    disk.makeRoom();
    store.append([window(60)]);
    store.close();
    const again = new MemoryStore(join(disk.path, 'memory'), { maxBytes: MIB, maxAgeUs: 1e15 });
    expect(again.unreadable).toEqual([]);
    expect(again.totals.windows).toBe(3);
    expect(again.search({ space: 's', vector: window(60).vector, top: 1 }).hits[0]?.startUs).toBe(60e7);
    again.close();
  });

  it('that is full refuses a change of rules by name, and keeps the file of before', () => {
    const path = join(disk.path, 'rules.json');
    writeLiveRules(path, { put: [], deleted: ['a'], past: [] });
    const before = readFileSync(path, 'utf8');
    disk.fill();
    const many = Array.from({ length: 100 }, (_, i) => `rule-${i}-${'x'.repeat(50)}`);
    expect(() => writeLiveRules(path, { put: [], deleted: many, past: [] })).toThrow(
      expect.objectContaining({ code: 'STATE_UNWRITABLE', message: expect.stringContaining('make room') as string }),
    );
    expect(readFileSync(path, 'utf8')).toBe(before);
  });

  it('that is read-only is refused at the start, by name and with what to do', () => {
    disk.makeReadOnly();
    expect(() => makeFolder(disk.path, 'the state', 'state.dir')).toThrow(/cannot keep the state here \(EROFS.*set state\.dir/);
    expect(() => FileAlertLog.open(join(disk.path, 'alerts.jsonl'))).toThrow(/alerts\.jsonl: cannot keep the alert log here \(EROFS/);
    const config = join(mkdtempSync(join(tmpdir(), 'edgebind-read-only-')), 'config.yaml');
    writeFileSync(
      config,
      `model: ${fileURLToPath(new URL('../models/mini', import.meta.url))}\nbroker: {url: "mqtt://127.0.0.1:1"}\nsources:\n  - {id: heat, modality: thermal, from: "mqtt:site/heat", format: thermal-i16, width: 32, height: 24}\nalerts: []\nstate: {dir: ${join(disk.path, 'state')}}\n`,
    );
    const { status, stderr } = spawnSync(process.execPath, [cli, 'run', config, '--port', '0', '--for', '1s'], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stderr).toMatch(/state: cannot keep the state here \(EROFS.*set state\.dir to a folder that can be written/);
    expect(status).toBe(1);
  });
});

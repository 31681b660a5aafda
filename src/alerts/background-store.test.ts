import { appendFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '../core/time.ts';
import { readRecords, RecordWriter } from './background-records.ts';
import { BackgroundStore } from './background-store.ts';
import { framesIn, frameOf } from './record-file.ts';
import { RuleEngine } from './rule-engine.ts';
import { ruleSchema } from './rule.ts';

const glass = ruleSchema.parse({ id: 'glass', query: { text: 'glass' }, on: ['audio'], falseAlarmsPerDay: 2 });
const news = ruleSchema.parse({ id: 'news', query: { novelty: true }, on: ['audio'], falseAlarmsPerDay: 2 });
const query = { space: 's', vector: Float32Array.of(1, 0) };

/** An engine with a store; what it has learnt so far is there when the rules are set. */
function start(dir: string, clock = new VirtualClock()) {
  const engine = new RuleEngine('s');
  const store = BackgroundStore.open(engine, { dir, clock, onProblem: () => undefined });
  engine.set(glass, query);
  engine.set(news);
  const judge = (from: number, to: number): void => {
    for (let i = from; i < to; i++) {
      const score = 0.1 + 0.02 * Math.sin(i * 1.7) + 0.005 * Math.sin(i * i);
      const vector = Float32Array.of(score, Math.sqrt(1 - score * score));
      engine.judge({ source: 'mic', modality: 'audio', space: 's', startUs: i * 1e6, endUs: (i + 1) * 1e6, errorUs: 0, vector });
      clock.advanceMs(1000);
    }
  };
  return { engine, store, judge };
}
const cellsOf = (engine: RuleEngine): number[][] => [...engine.backgrounds()].map(({ cells }) => Array.from(cells));
const folder = (): string => join(mkdtempSync(join(tmpdir(), 'edgebind-')), 'backgrounds');

describe('BackgroundStore', () => {
  it('loses at most a second when the process is killed', () => {
    const dir = folder();
    const { engine, judge } = start(dir);
    judge(0, 1500);
    // Nothing is closed: this is what a kill leaves behind.
    const again = start(dir);
    expect(cellsOf(again.engine)).toEqual(cellsOf(engine));
    again.judge(1500, 1600);
    judge(1500, 1600);
    expect(cellsOf(again.engine)).toEqual(cellsOf(engine));
    expect([...again.engine.familiars()]).toEqual([...engine.familiars()]);
  });

  it('goes on after a close, from one base', async () => {
    const dir = folder();
    const { engine, store, judge } = start(dir);
    judge(0, 1500);
    await store.close();
    expect(readdirSync(dir).filter((name) => name.endsWith('.base'))).toHaveLength(1);
    expect(cellsOf(start(dir).engine)).toEqual(cellsOf(engine));
  });

  it('begins anew for another query, and keeps what another number was learnt with', async () => {
    const dir = folder();
    const { engine, store, judge } = start(dir);
    judge(0, 1500);
    const before = engine.background('glass', 'mic')!.threshold!;
    engine.set({ ...glass, falseAlarmsPerDay: 1 }, query);
    judge(1500, 1510);
    await store.close();
    const again = new RuleEngine('s');
    BackgroundStore.open(again, { dir, clock: new VirtualClock(), onProblem: () => undefined });
    again.set({ ...glass, query: { text: 'a dog' } }, query);
    expect(again.background('glass', 'mic')).toBeUndefined();
    const same = start(dir).engine;
    expect(same.background('glass', 'mic')!.threshold).toBeCloseTo(before, 2);
  });

  it('reads up to where a file was torn or damaged, wherever that is', () => {
    const dir = folder();
    start(dir).judge(0, 200);
    const path = join(dir, '0.log');
    const whole = readFileSync(path);
    appendFileSync(path, 'torn');
    start(dir);
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const spoilt = Uint8Array.from(whole);
        spoilt[at] = value;
        for (const bytes of [whole.subarray(0, at), at < 8 ? whole : spoilt])
          for (const body of framesIn(bytes, path)) expect(body.length).toBeGreaterThan(0);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what a newer version wrote, and says what to do', () => {
    const dir = folder();
    start(dir).judge(0, 10);
    const path = join(dir, '0.log');
    const bytes = readFileSync(path);
    bytes.writeUInt32LE(99, 4);
    writeFileSync(path, bytes);
    expect(() => start(dir)).toThrow(/written by a newer EdgeBind \(format 99.*install that version, or move the file away/);
    writeFileSync(path, 'something else entirely');
    expect(() => start(dir)).toThrow(/no file of backgrounds/);
  });

  it('refuses a path that is no folder', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'edgebind-')), 'backgrounds');
    writeFileSync(path, '');
    expect(() => start(path)).toThrow(/cannot be read/);
  });

  it('reads what the writer wrote, and throws only what can be caught on noise', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const ignore = { cells: () => undefined, score: () => undefined, verdict: () => undefined, familiar: () => undefined };
        try {
          readRecords(bytes, new Map(), ignore);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
    const writer = new RecordWriter();
    const seen: unknown[] = [];
    const name = { rule: 'r', source: 's', modality: 'audio' as const, key: 'k', perDay: 2 };
    writer.name(3, name);
    writer.score(3, 0.25, 5e15, true);
    writer.verdict({ rule: 'r', source: 's', alarmUs: 5, isRight: false });
    writer.familiar('s', 'space', { slot: 0, timeUs: 7, vector: Float32Array.of(1, 0) });
    readRecords(framesOf(writer), new Map(), {
      cells: () => undefined,
      score: (...all) => seen.push(all),
      verdict: (verdict) => seen.push(verdict),
      familiar: (...all) => seen.push(all),
    });
    expect(seen).toEqual([
      [name, 0.25, 5e15, true],
      { rule: 'r', source: 's', alarmUs: 5, isRight: false },
      ['s', 'space', { slot: 0, timeUs: 7, vector: Float32Array.of(1, 0) }],
    ]);
  });
});

function framesOf(writer: RecordWriter): Uint8Array {
  return frameOf(writer.take()).subarray(8);
}

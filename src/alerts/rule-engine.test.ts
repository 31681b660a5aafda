import { appendFileSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SpaceMismatchError } from '../core/errors.ts';
import type { Embedding } from '../core/types.ts';
import { FileAlertLog } from './alert-log.ts';
import { ruleSchema, type Rule } from './rule.ts';
import { RuleEngine } from './rule-engine.ts';

const rule = (more: object = {}): Rule =>
  ruleSchema.parse({ id: 'glass', query: { text: 'glass breaking' }, on: ['audio'], threshold: 0.5, ...more });
const query = { space: 's', vector: Float32Array.of(1, 0) };

const embedding = (score: number, at = 0, more: Partial<Embedding> = {}): Embedding => ({
  source: 'mic',
  modality: 'audio',
  space: 's',
  seq: at,
  startUs: at * 1e6,
  endUs: (at + 1) * 1e6,
  errorUs: 0,
  samples: { first: 0, last: 0, missing: 0 },
  coverage: 1,
  vector: Float32Array.of(score, Math.sqrt(1 - score * score)),
  ...more,
});

describe('RuleEngine', () => {
  it('scores what a rule listens to, by modality or by source, and nothing else', () => {
    const engine = new RuleEngine();
    engine.set(rule({ on: ['mic', 'image'] }), query);
    expect(engine.judge(embedding(0.25)).scores).toMatchObject([{ rule: 'glass', source: 'mic', score: 0.25, threshold: 0.5 }]);
    expect(engine.judge(embedding(0.25, 0, { source: 'front', modality: 'image' })).scores).toHaveLength(1);
    expect(engine.judge(embedding(0.25, 0, { source: 'other' })).scores).toHaveLength(0);
  });

  it('publishes each change of state once, with one id from raise to clear', () => {
    const engine = new RuleEngine();
    engine.set(rule(), query);
    const changes = [0.6, 0.7, 0.49, 0.2, 0.1].flatMap((score, i) => engine.judge(embedding(score, i)).changes);
    expect(changes.map(({ id, state }) => [id, state])).toEqual([
      ['glass-mic-1000000', 'raised'],
      ['glass-mic-1000000', 'cleared'],
    ]);
  });

  it('refuses to compare vectors of two spaces', () => {
    const engine = new RuleEngine();
    engine.set(rule(), query);
    expect(() => engine.judge(embedding(0.6, 0, { space: 'other' }))).toThrow(SpaceMismatchError);
  });

  it('clears what a deleted or re-worded rule had raised, and keeps it through a new threshold', () => {
    const engine = new RuleEngine();
    engine.set(rule(), query);
    engine.judge(embedding(0.9));
    expect(engine.set(rule({ threshold: 0.6 }), query)).toEqual([]);
    expect(engine.judge(embedding(0.9, 1)).changes).toEqual([]);
    expect(engine.set(rule({ query: { text: 'a dog' } }), query)).toMatchObject([{ state: 'cleared' }]);
    engine.judge(embedding(0.9, 2));
    expect(engine.delete('glass')).toMatchObject([{ state: 'cleared' }]);
    expect(engine.delete('glass')).toEqual([]);
  });

  it('goes on with what was raised before a restart, and clears what nobody listens to any more', () => {
    const before = new RuleEngine();
    before.set(rule(), query);
    const [raised] = before.judge(embedding(0.9)).changes;
    const after = new RuleEngine();
    after.set(rule(), query);
    expect(after.restore(raised!)).toEqual([]);
    expect(after.judge(embedding(0.9, 1)).changes).toEqual([]);
    expect(after.forget('mic')).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
    expect(after.forget('mic')).toEqual([]);
    expect(new RuleEngine().restore(raised!)).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
    after.set(rule({ on: ['image'] }), query);
    expect(after.restore(raised!)).toMatchObject([{ state: 'cleared' }]);
  });
});

describe('FileAlertLog', () => {
  const draft = (n: number, state: 'raised' | 'cleared') => ({
    id: `a${n}`,
    rule: 'glass',
    state,
    source: 'mic',
    modality: 'audio' as const,
    score: 0.6,
    threshold: 0.5,
    startUs: n,
    endUs: n + 1,
    query: 'glass',
  });

  it('continues its cursor after a restart, also after a torn line', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'edgebind-')), 'state', 'alerts.jsonl');
    const log = FileAlertLog.open(path);
    log.append(draft(1, 'raised'));
    log.append(draft(1, 'cleared'));
    log.append(draft(2, 'raised'));
    log.close();
    appendFileSync(path, '{"cursor":4,"id":"torn');
    const again = FileAlertLog.open(path);
    expect(again.newest).toBe(3);
    expect(again.raised().map((alert) => alert.id)).toEqual(['a2']);
    // An alert of before carries its old cursor.
    expect(again.append({ ...again.raised()[0]!, state: 'cleared' }).cursor).toBe(4);
    expect(again.raised()).toEqual([]);
    expect(again.after(2).map((alert) => alert.cursor)).toEqual([3, 4]);
    expect(again.after(0, 1).map((alert) => alert.cursor)).toEqual([1]);
    again.close();
    expect(FileAlertLog.open(path).newest).toBe(4);
  });

  it('stays bounded in memory and on disk', () => {
    const path = join(mkdtempSync(join(tmpdir(), 'edgebind-')), 'alerts.jsonl');
    const log = FileAlertLog.open(path, 10);
    for (let i = 0; i < 100; i++) log.append(draft(i, 'raised'));
    expect(log.newest).toBe(100);
    expect(readFileSync(path, 'utf8').trim().split('\n').length).toBeLessThanOrEqual(20);
    expect(
      FileAlertLog.open(path, 10)
        .after(95)
        .map((alert) => alert.cursor),
    ).toEqual([96, 97, 98, 99, 100]);
  });
});

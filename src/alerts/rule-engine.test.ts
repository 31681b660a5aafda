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
    const engine = new RuleEngine('s');
    engine.set(rule({ on: ['mic', 'image'] }), query);
    expect(engine.judge(embedding(0.25)).scores).toMatchObject([{ rule: 'glass', source: 'mic', score: 0.25, threshold: 0.5 }]);
    expect(engine.judge(embedding(0.25, 0, { source: 'front', modality: 'image' })).scores).toHaveLength(1);
    expect(engine.judge(embedding(0.25, 0, { source: 'other' })).scores).toHaveLength(0);
  });

  it('scores the cosine times how sure the encoder is: live, tried on the past, and of two that disagree', () => {
    const engine = new RuleEngine('s');
    engine.set(rule(), query);
    engine.set(rule({ id: 'apart', query: { disagreement: ['mic', 'front'] }, threshold: 0.5 }));
    engine.judge({ ...embedding(0, 0, { source: 'front', modality: 'image' }), vector: Float32Array.of(-1, 0) });
    const { scores, changes } = engine.judge(embedding(0.75, 0, { confidence: 0.5 }));
    expect(scores.map(({ rule: id, score }) => [id, score])).toEqual([
      ['glass', 0.375],
      ['apart', 0.375],
    ]);
    expect(changes).toEqual([]);
    expect(engine.judge(embedding(0.75, 1, { confidence: 0.875 })).changes).toHaveLength(2);
    expect(engine.tryOut(rule({ threshold: 0.5 }), query)).toMatchObject([{ source: 'mic' }]);
    const past = engine.past('mic', 0);
    expect(Math.hypot(...(past?.vector ?? []))).toBeCloseTo(1, 6);
  });

  it('publishes each change of state once, with one id from raise to clear', () => {
    const engine = new RuleEngine('s');
    engine.set(rule(), query);
    const changes = [0.6, 0.7, 0.49, 0.2, 0.1].flatMap((score, i) => engine.judge(embedding(score, i)).changes);
    expect(changes.map(({ id, state }) => [id, state])).toEqual([
      ['glass-mic-1000000', 'raised'],
      ['glass-mic-1000000', 'cleared'],
    ]);
  });

  it('makes scores only while somebody hears them, and decides the same', () => {
    const [told, untold] = [new RuleEngine('s'), new RuleEngine('s')];
    let isHeard = false;
    untold.tellScores(() => isHeard);
    for (const engine of [told, untold]) engine.set(rule(), query);
    for (const [i, score] of [0.6, 0.7, 0.49, 0.2, 0.8, 0.9].entries()) {
      isHeard = i === 4;
      const [all, some] = [told.judge(embedding(score, 20 * i)), untold.judge(embedding(score, 20 * i))];
      expect(some.scores).toEqual(isHeard ? all.scores : []);
      expect([some.changes, some.updates]).toEqual([all.changes, all.updates]);
      expect(untold.senses('glass')).toEqual(told.senses('glass'));
    }
    expect(told.judge(embedding(0.95, 120)).updates).toHaveLength(1);
  });

  it('refuses to compare vectors of two spaces', () => {
    const engine = new RuleEngine('s');
    engine.set(rule(), query);
    expect(() => engine.judge(embedding(0.6, 0, { space: 'other' }))).toThrow(SpaceMismatchError);
  });

  it('clears what a deleted or re-worded rule had raised, and keeps it through a new threshold', () => {
    const engine = new RuleEngine('s');
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
    const before = new RuleEngine('s');
    before.set(rule(), query);
    const [raised] = before.judge(embedding(0.9)).changes;
    const after = new RuleEngine('s');
    after.set(rule(), query);
    expect(after.restore(raised!)).toEqual([]);
    expect(after.judge(embedding(0.9, 1)).changes).toEqual([]);
    expect(after.forget('mic')).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
    expect(after.forget('mic')).toEqual([]);
    expect(new RuleEngine('s').restore(raised!)).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
    after.set(rule({ on: ['image'] }), query);
    expect(after.restore(raised!)).toMatchObject([{ state: 'cleared' }]);
  });
});

describe('RuleEngine with several sources and rules', () => {
  const at = (source: string, score: number, seconds: number): Embedding =>
    embedding(score, 0, { source, modality: source === 'mic' ? 'audio' : 'imu', startUs: (seconds - 1) * 1e6, endUs: seconds * 1e6 });
  const both = rule({ on: ['mic', 'wrist'], atLeast: { sources: 2, withinMs: 1000 }, cooldownMs: 0 });

  it('raises one alert when enough sources are up within the time, in whichever order they come', () => {
    for (const order of [0, 1]) {
      const engine = new RuleEngine('s');
      engine.set(both, query);
      expect(engine.judge(at('mic', 0.9, 10)).changes).toEqual([]);
      expect(engine.judge(at('wrist', 0.9, 14)).changes).toEqual([]);
      const pair = [at('mic', 0.8, 20), at('wrist', 0.7, 20.5)];
      const changes = (order === 0 ? pair : pair.reverse()).flatMap((one) => engine.judge(one).changes);
      expect(changes).toMatchObject([{ state: 'raised', senses: [{ source: 'mic' }, { source: 'wrist' }] }]);
      const cleared = [21, 22, 23].flatMap((seconds) => engine.judge(at('mic', 0.1, seconds)).changes);
      expect(cleared).toMatchObject([{ id: changes[0]!.id, state: 'cleared' }]);
    }
  });

  it('keeps an alert of several sources through a restart', () => {
    const before = new RuleEngine('s');
    before.set(both, query);
    const [raised] = [at('mic', 0.8, 20), at('wrist', 0.7, 20.5)].flatMap((one) => before.judge(one).changes);
    const after = new RuleEngine('s');
    after.set(both, query);
    expect(after.restore(raised!)).toEqual([]);
    // The first window after it says nothing of the others, which were not heard yet.
    expect([at('mic', 0.1, 30), at('mic', 0.8, 35.4), at('wrist', 0.7, 35.8)].flatMap((one) => after.judge(one).changes)).toEqual([]);
    const cleared = [36.5, 37.5].flatMap((seconds) => after.judge(at('mic', 0.1, seconds)).changes);
    expect(cleared).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
  });

  it('clears an alert of several sources after a restart where they are no longer up', () => {
    const after = new RuleEngine('s');
    after.set(both, query);
    after.restore({
      ...rule(),
      ...at('mic', 0.8, 20),
      id: 'x',
      rule: 'glass',
      state: 'raised',
      score: 0.8,
      threshold: 0.5,
      query: 'glass',
    });
    expect(after.judge(at('mic', 0.1, 30)).changes).toEqual([]);
    expect(after.judge(at('mic', 0.1, 35.9)).changes).toEqual([]);
    expect(after.judge(at('mic', 0.1, 36)).changes).toMatchObject([{ id: 'x', state: 'cleared' }]);
  });

  it('clears what a rule had raised when it becomes silent, and tells no clear of what nobody was told of', () => {
    const engine = new RuleEngine('s');
    const loud = rule({ on: ['mic'], cooldownMs: 0 });
    const silent = rule({ on: ['mic'], cooldownMs: 0, silent: true });
    engine.set(loud, query);
    const [raised] = engine.judge(at('mic', 0.9, 10)).changes;
    expect(engine.set(silent, query)).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
    engine.judge(at('mic', 0.9, 11));
    expect(engine.set(loud, query)).toEqual([]);
    expect(engine.judge(at('mic', 0.1, 12)).changes).toEqual([]);
    expect(engine.judge(at('mic', 0.9, 13)).changes).toMatchObject([{ state: 'raised' }]);

    const restarted = new RuleEngine('s');
    restarted.set(silent, query);
    expect(restarted.restore(raised!)).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
  });

  it('waits for the rule that must come before, and for no longer than was said', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ id: 'impact', on: ['wrist'], silent: true }), query);
    engine.set(rule({ on: ['mic'], after: { rule: 'impact', withinMs: 2000 }, cooldownMs: 0 }), query);
    expect(engine.judge(at('mic', 0.9, 10)).changes).toEqual([]);
    engine.judge(at('mic', 0.1, 11));
    expect(engine.judge(at('wrist', 0.9, 20)).changes).toEqual([]);
    expect(engine.judge(at('mic', 0.9, 21.5)).changes).toMatchObject([{ rule: 'glass', state: 'raised' }]);
    engine.judge(at('mic', 0.1, 22));
    expect(engine.judge(at('mic', 0.9, 24)).changes).toEqual([]);
  });

  it('raises nothing in quiet hours, and what is still up when they end', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ quietHours: { from: '22:00', to: '06:00', timeZone: 'UTC' } }), query);
    const night = Date.UTC(2026, 0, 2, 5, 59, 30) / 1000;
    expect(engine.judge(at('mic', 0.9, night)).changes).toEqual([]);
    expect(engine.judge(at('mic', 0.9, night + 31)).changes).toMatchObject([{ state: 'raised' }]);
    const late = new RuleEngine('s');
    late.set(rule({ quietHours: { from: '08:00', to: '12:00', timeZone: 'Europe/Berlin' } }), query);
    // 06:30 in London is 07:30 in Berlin, an hour later it is quiet there.
    expect(late.judge(at('mic', 0.9, Date.UTC(2026, 0, 2, 7, 30) / 1000)).changes).toEqual([]);
    expect(late.judge(at('mic', 0.9, Date.UTC(2026, 0, 2, 11, 0) / 1000)).changes).toHaveLength(1);
  });

  it('tells each new height of a raised alert, and the highest with its clear', () => {
    const engine = new RuleEngine('s');
    engine.set(rule(), query);
    const seen = [0.6, 0.8, 0.7, 0.9].map((score, i) => engine.judge(embedding(score, i)).updates.map(({ peak }) => peak));
    expect(seen.flat().map((peak) => Math.round(peak * 10) / 10)).toEqual([0.8, 0.9]);
    const [cleared] = engine.judge(embedding(0.1, 4)).changes;
    expect(cleared).toMatchObject({ state: 'cleared', peakUs: 4e6 });
    expect(cleared!.peak).toBeCloseTo(0.9, 6);
  });

  it('rests after a restart as long as it would have without', () => {
    const before = new RuleEngine('s');
    before.set(rule({ cooldownMs: 10_000 }), query);
    const [, cleared] = [0.9, 0.1].flatMap((score, i) => before.judge(embedding(score, i)).changes);
    const after = new RuleEngine('s');
    after.set(rule({ cooldownMs: 10_000 }), query);
    after.rest(cleared!);
    expect(after.judge(embedding(0.9, 5)).changes).toEqual([]);
    expect(after.judge(embedding(0.9, 12)).changes).toHaveLength(1);
  });
});

describe('RuleEngine while one model takes over from another', () => {
  const both = [{ space: 'new', vector: Float32Array.of(0, 1) }, query];
  const known = (engine: RuleEngine): string[][] => [...engine.backgrounds()].map(({ rule, source, key }) => [rule, source, key]).sort();

  it('judges each vector by the query in its own space, and an alert goes on from one to the other', () => {
    const engine = new RuleEngine('s');
    engine.set(rule(), query);
    const [raised] = engine.judge(embedding(0.9)).changes;
    expect(engine.set(rule(), ...both)).toEqual([]);
    engine.enter('new');
    expect(engine.judge(embedding(0.8, 1)).scores[0]?.score).toBeCloseTo(0.8, 6);
    // The same vector in the new space, where the query points elsewhere.
    expect(engine.judge(embedding(0.8, 2, { space: 'new' })).scores[0]?.score).toBeCloseTo(0.6, 6);
    engine.set(rule(), ...both.slice(0, 1));
    expect(() => engine.judge(embedding(0.8, 3))).toThrow(SpaceMismatchError);
    expect(engine.judge(embedding(1, 4, { space: 'new' })).changes).toMatchObject([{ id: raised!.id, state: 'cleared' }]);
  });

  it('learns anew what is usual, and goes on with what it knew when the space comes back', () => {
    const engine = new RuleEngine('s');
    const calibrated = rule({ threshold: undefined, falseAlarmsPerDay: 2 });
    engine.set(calibrated, query);
    const wave = (i: number): number => 0.1 + 0.02 * Math.sin(i * 1.7) * Math.sin(i * 0.13) + 0.005 * Math.sin(i * i);
    for (let i = 1; i < 2000; i++) engine.judge(embedding(wave(i), i));
    const { threshold } = engine.background('glass', 'mic')!.report();
    const before = known(engine);
    engine.set(calibrated, ...both);
    engine.enter('new');
    expect(engine.judge(embedding(0.1, 2000, { space: 'new' })).scores[0]).toMatchObject({ threshold: 1, learning: 0 });
    // Both are there to be kept.
    expect(known(engine)).toHaveLength(2);
    expect(known(engine)).toEqual(expect.arrayContaining(before));
    engine.set(calibrated, query, ...both.slice(0, 1));
    engine.enter('s');
    expect(engine.judge(embedding(0.1, 2001)).scores[0]?.threshold).toBeCloseTo(threshold!, 2);
  });

  it('says that senses disagree only where both are of one space, and forgets what was familiar in another', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ id: 'apart', query: { disagreement: ['mic', 'front'] }, threshold: -0.5 }));
    engine.set(rule({ id: 'news', query: { novelty: true }, threshold: 0.2 }));
    engine.judge(embedding(0.9, 0, { source: 'front', modality: 'image' }));
    expect(engine.judge(embedding(-0.9, 0)).scores.map((score) => score.rule)).toEqual(['apart', 'news']);
    engine.enter('new');
    const { scores } = engine.judge(embedding(0.9, 1, { space: 'new' }));
    expect(scores.map((score) => [score.rule, score.score])).toEqual([['news', 0]]);
    expect([...engine.familiars()].map(({ space }) => space)).toEqual(['s', 'new']);
  });
});

describe('RuleEngine with calibrated rules', () => {
  const wave = (i: number): number => 0.1 + 0.02 * Math.sin(i * 1.7) * Math.sin(i * 0.13) + 0.005 * Math.sin(i * i);
  const calibrated = rule({ threshold: undefined, falseAlarmsPerDay: 2 });

  it('raises nothing while it learns, says how far it is, and then does', () => {
    const engine = new RuleEngine('s');
    engine.set(calibrated, query);
    const first = engine.judge(embedding(0.99, 0));
    expect(first.changes).toEqual([]);
    expect(first.scores[0]).toMatchObject({ threshold: 1, learning: 0 });
    let raised = 0;
    for (let i = 1; i < 3000; i++) raised += engine.judge(embedding(wave(i), i)).changes.length;
    expect(raised).toBe(0);
    const { scores, changes } = engine.judge(embedding(0.6, 3000));
    expect(scores[0]!.learning).toBeUndefined();
    expect(scores[0]!.threshold).toBeLessThan(0.3);
    expect(changes).toMatchObject([{ state: 'raised' }]);
    expect(changes[0]!.perDay).toBeLessThan(2);
  });

  it('uses the fixed threshold until then where there is one', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ threshold: 0.5, falseAlarmsPerDay: 2 }), query);
    expect(engine.judge(embedding(0.6, 0)).changes).toHaveLength(1);
  });

  it('learns what is usual under a provisional threshold that lies below it, and clears then', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ threshold: 0.02, falseAlarmsPerDay: 2 }), query);
    const states: string[] = [];
    for (let i = 0; i < 2000; i++) for (const { state } of engine.judge(embedding(wave(i), i)).changes) states.push(state);
    expect(states).toEqual(['raised', 'cleared']);
    const { threshold } = engine.background('glass', 'mic')!;
    expect(threshold).toBeGreaterThan(0.12);
    expect(threshold).toBeLessThan(0.2);
    // The same as without a provisional threshold.
    const plain = new RuleEngine('s');
    plain.set(calibrated, query);
    for (let i = 0; i < 2000; i++) plain.judge(embedding(wave(i), i));
    expect(plain.background('glass', 'mic')!.threshold).toBeCloseTo(threshold!, 2);
    expect(engine.judge(embedding(0.9, 2000)).changes).toMatchObject([{ state: 'raised' }]);
  });

  it('learns a new rule at once from what the sources gave before', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ id: 'other' }), query);
    for (let i = 1; i < 2000; i++) engine.judge(embedding(wave(i), i));
    engine.set(calibrated, query);
    expect(engine.judge(embedding(0.1, 2001)).scores.find((score) => score.rule === 'glass')!.learning).toBeUndefined();
    const [trial] = engine.tryOut(rule({ threshold: 0.119 }), query);
    expect(trial).toMatchObject({ source: 'mic', windows: 2000 });
    expect(trial!.alarms).toBeGreaterThan(10);
    // What a memory holds reaches further back.
    const day = 43_200;
    const remembered = {
      source: 'mic',
      modality: 'audio' as const,
      space: 's',
      startUs: Array.from({ length: day }, (_, i) => i * 2e6),
      endUs: Array.from({ length: day }, (_, i) => (i + 1) * 2e6),
      scores: Array.from({ length: day }, (_, i) => (i % 10_000 === 5000 ? 0.8 : wave(i))),
    };
    expect(engine.tryOut(calibrated, query, [remembered])).toMatchObject([{ source: 'mic', windows: day, alarms: 4, fromUs: 0 }]);
    expect(engine.tryOut(rule({ on: ['image'] }), query, [remembered])).toEqual([]);
    expect(engine.tryOut(calibrated, query)[0]!.alarms).toBe(0);
  });

  it('says what is new to a source, and what is no longer', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ query: { novelty: true }, threshold: 0.2 }));
    expect(engine.judge(embedding(0.5, 0)).changes).toEqual([]);
    for (let i = 1; i < 50; i++) expect(engine.judge(embedding(0.5, i)).changes).toEqual([]);
    expect(engine.judge(embedding(-0.9, 50)).changes).toMatchObject([{ state: 'raised', query: 'something new' }]);
    expect(engine.judge(embedding(0.5, 51)).changes).toMatchObject([{ state: 'cleared' }]);
    expect(engine.judge(embedding(-0.9, 80)).changes).toEqual([]);
  });

  it('says when two senses that agreed no longer do', () => {
    const engine = new RuleEngine('s');
    engine.set(rule({ query: { disagreement: ['mic', 'front'] }, threshold: -0.5 }));
    const pair = (mic: number, front: number, i: number) => {
      engine.judge(embedding(front, i, { source: 'front', modality: 'image' }));
      return engine.judge(embedding(mic, i)).changes;
    };
    for (let i = 0; i < 10; i++) expect(pair(0.9, 0.8, i)).toEqual([]);
    expect(pair(-0.9, 0.9, 10)).toMatchObject([{ state: 'raised', source: 'mic', query: 'mic and front disagree' }]);
  });

  it('decides the same on the same windows', () => {
    const run = (): unknown[] => {
      const engine = new RuleEngine('s');
      engine.set(rule({ threshold: undefined, falseAlarmsPerDay: 500 }), query);
      return Array.from({ length: 5000 }, (_, i) => engine.judge(embedding(wave(i) + (i % 700 === 0 ? 0.3 : 0), i)).changes).flat();
    };
    const changes = run();
    expect(changes.length).toBeGreaterThan(4);
    expect(run()).toEqual(changes);
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

/** Rules that have learnt: a recording holds what they knew when it began, and what people said of alerts meanwhile. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { BackgroundStore } from '../src/alerts/background-store.ts';
import { RuleEngine } from '../src/alerts/rule-engine.ts';
import { ruleSchema } from '../src/alerts/rule.ts';
import { hostClock } from '../src/core/time.ts';
import type { Alert } from '../src/core/types.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { startEdgeBindIn } from './helpers/edgebind-process.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { until } from './helpers/until.ts';

const LEARNT_SECONDS = 1500;
const rules = ['sound', 'odd', 'resting'].map((id) =>
  ruleSchema.parse({
    id,
    query: id === 'odd' ? { novelty: true } : { text: 'a sound' },
    on: ['mic'],
    falseAlarmsPerDay: 100,
    cooldownMs: id === 'resting' ? 3_600_000 : 500,
  }),
);

it('replays to the same alerts where thresholds had been learnt before, and were judged meanwhile', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-learnt-'));
  const clip = join(folder, 'clip.wav');
  // A second of beeps, one of noise, over and over: what is up, and what is not.
  const beeps = "aevalsrc='if(lt(mod(t,2),1),0.4*sin(2*PI*1800*t),0.05*random(0))':s=16000:d=12";
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', beeps, clip]);
  await learnBefore(join(folder, 'state', 'backgrounds'));
  // Cleared a moment ago, and before others: it stays deaf for an hour.
  const endUs = hostClock.nowUs() - 1e6;
  const cleared = {
    rule: 'resting',
    source: 'mic',
    modality: 'audio',
    score: 0,
    threshold: 0.1,
    startUs: endUs - 1e6,
    endUs,
    query: 'a sound',
  };
  const log = ['resting', 'gone'].map((rule, i) => ({ cursor: i + 1, id: `${rule}-0`, ...cleared, rule, state: 'cleared' }));
  writeFileSync(join(folder, 'state', 'alerts.jsonl'), log.map((alert) => `${JSON.stringify(alert)}\n`).join(''));
  writeFileSync(
    join(folder, 'config.yaml'),
    JSON.stringify({
      encoders: { keep: 'every', staleAfterMs: 60_000 },
      sources: [{ id: 'mic', modality: 'audio', from: `file:${clip}`, loop: true }],
      alerts: rules,
      outputs: { record: { dir: 'recordings' } },
    }),
  );
  const edgebind = await startEdgeBindIn(folder);
  const alerts = async (): Promise<Alert[]> => ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: Alert[] }).alerts;
  const raised = await until(
    'an alert of each rule',
    async () => {
      const all = (await alerts()).filter(({ state }) => state === 'raised');
      return new Set(all.map(({ rule }) => rule)).size === 2 && all;
    },
    120_000,
  );
  // The background knows the score: it was there before the first window.
  for (const alert of raised) expect(alert.perDay).toBeGreaterThanOrEqual(0);
  const judged = raised.find(({ rule }) => rule === 'sound');
  await fetch(new URL(`/api/v1/alerts/${judged?.id}/feedback`, edgebind.url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"right": false}',
  }).then((response) => expect(response.status).toBe(200));
  const before = (await alerts()).length;
  await until('more alerts', async () => (await alerts()).length > before + 2, 120_000);
  expect((await edgebind.stop('SIGTERM')).code).toBe(0);

  const dir = join(folder, 'recordings');
  const kinds = new Set<string>();
  for await (const { kind } of (await openRecording([dir])).events({ kinds: ['learnt', 'verdict', 'rules'] })) kinds.add(kind);
  expect([...kinds].sort()).toEqual(['learnt', 'rules', 'verdict']);
  const replayed = await replayProcess([dir, '--expect', '--json']);
  expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
  expect(replayed.out).toContain('"sound"');
  expect(replayed.out).not.toContain('"resting"');
}, 300_000);

it('replays a recording around alerts to the same alerts, with what rules learnt between them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-pieces-'));
  const clip = join(folder, 'clip.wav');
  // A beep each 14 s: what is between them is not recorded, and is learnt from.
  const beeps = "aevalsrc='if(between(mod(t,14),1,2),0.4*sin(2*PI*1800*t),0.05*random(0))':s=16000:d=28";
  execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', beeps, clip]);
  // Noise scores 0.27 to 0.31 here, a beep 0.4.
  await learnBefore(join(folder, 'state', 'backgrounds'), (random) => 0.27 + 0.013 * (random() + random() + random()));
  const odd = { id: 'odd', query: { novelty: true }, on: ['mic'], threshold: 0.3 };
  writeFileSync(
    join(folder, 'config.yaml'),
    JSON.stringify({
      encoders: { keep: 'every', staleAfterMs: 60_000 },
      sources: [{ id: 'mic', modality: 'audio', from: `file:${clip}`, loop: true }],
      alerts: [...rules.filter(({ id }) => id === 'sound'), odd],
      outputs: { record: { dir: 'recordings', trigger: { beforeMs: 1000, afterMs: 500 } } },
    }),
  );
  const edgebind = await startEdgeBindIn(folder);
  const raised = async (): Promise<Alert[]> =>
    ((await edgebind.get('/api/v1/alerts?after=0')) as { alerts: Alert[] }).alerts.filter(({ state }) => state === 'raised');
  const sounds = async (): Promise<Alert[]> => (await raised()).filter(({ rule }) => rule === 'sound');
  const first = await until('an alert', async () => (await sounds())[0], 120_000);
  const second = await until('one a round later', async () => (await sounds()).find(({ endUs }) => endUs > first.endUs + 10e6), 120_000);
  expect(second.threshold).not.toBe(first.threshold);
  expect((await edgebind.stop('SIGTERM')).code).toBe(0);

  const recording = await openRecording([join(folder, 'recordings')]);
  let checkpoints = 0;
  for await (const { kind } of recording.events()) if (kind === 'checkpoint') checkpoints++;
  expect(checkpoints).toBeGreaterThan(0);
  expect(recording.faults.missing['/mic/audio']).toBeGreaterThan(50);
  const replayed = await replayProcess([join(folder, 'recordings'), '--expect']);
  expect({ code: replayed.code, log: replayed.code === 0 ? '' : replayed.log }).toEqual({ code: 0, log: '' });
  expect(replayed.log).toContain('decided as recorded');
}, 300_000);

/** What a run of half an hour would have left in its state folder. */
async function learnBefore(
  dir: string,
  cosine = (random: () => number): number => -0.5 + 0.02 * (random() + random() + random()),
): Promise<void> {
  const { space } = await openBundle(fileURLToPath(new URL('../models/mini', import.meta.url)));
  const engine = new RuleEngine(space.id);
  const store = BackgroundStore.open(engine, { dir, clock: hostClock, onProblem: () => undefined });
  const unit = (towards: number): Float32Array => {
    const vector = new Float32Array(space.dim);
    vector[0] = towards;
    vector[1] = Math.sqrt(1 - towards ** 2);
    return vector;
  };
  for (const rule of rules) engine.set(rule, ...(rule.query.novelty ? [] : [{ space: space.id, vector: unit(1) }]));
  const random = seeded(3);
  const firstUs = hostClock.nowUs() - LEARNT_SECONDS * 1e6 - 60e6;
  for (let i = 0; i < 2 * LEARNT_SECONDS; i++) {
    const startUs = firstUs + i * 5e5;
    const vector = unit(cosine(random));
    engine.judge({ source: 'mic', modality: 'audio', space: space.id, startUs, endUs: startUs + 1e6, errorUs: 100, vector });
  }
  await store.close();
}

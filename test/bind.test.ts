import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { Recorder } from '../src/recording/recorder.ts';
import type { BindReport } from '../src/runtime/bind/bind-report.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { normalise } from '../src/space/vector.ts';
import { noise } from './helpers/onnx-writer.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'edgebind-bind-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PAIRS = 100;
/** What there is to know of a scene. */
const FACTS = 4;

let model = '';
const scenes: number[][] = [];

/** A scene as a camera has it, and as a motion sensor has it: each a mixture of the same few facts. */
beforeAll(async () => {
  model = await writeTestBundle({ image: { seed: 3 }, imu: { seed: 5 } });
  const random = seeded(11);
  const centred = (): number => random() - 0.5;
  const patterns = Array.from({ length: FACTS }, () => Array.from({ length: 16 * 16 * 3 }, centred));
  const moves = Array.from({ length: FACTS }, () => Array.from({ length: 6 }, centred));
  mkdirSync(join(folder, 'scenes'));
  for (let i = 0; i < PAIRS; i++) {
    const facts = Array.from({ length: FACTS }, centred);
    scenes.push(facts);
    const mix = (parts: number[][], at: number): number => facts.reduce((sum, fact, k) => sum + fact * (parts[k]?.[at] ?? 0), 0);
    const pixels = Uint8Array.from({ length: 16 * 16 * 3 }, (_, at) => 128 + 250 * mix(patterns, at));
    await sharp(pixels, { raw: { width: 16, height: 16, channels: 3 } })
      .png()
      .toFile(join(folder, 'scenes', `s${i}-image.png`));
    const rows = Array.from({ length: 70 }, (_, t) =>
      [t * 20, ...Array.from({ length: 6 }, (_, axis) => 3 * mix(moves, axis) * Math.sin(t / (2 + axis)) + 0.05 * centred())].join(),
    );
    writeFileSync(join(folder, 'scenes', `s${i}-imu.csv`), rows.join('\n'));
  }
});

const edgebind = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
const bind = (pairs: string, out: string, ...more: string[]) =>
  edgebind('bind', '--pairs', pairs, '--anchor', 'image', '--new', 'imu', '--model', model, '--out', out, '--json', ...more);

/** A list in which the motion of scene i stands beside the picture of scene `partner(i)`. */
function listOf(name: string, count: number, partner: (i: number) => number, motion = (i: number): number => i): string {
  const line = (i: number): string =>
    JSON.stringify({ image: `scenes/s${partner(i)}-image.png`, imu: `scenes/s${motion(i)}-imu.csv`, group: `${Math.floor(i / 4)}` });
  writeFileSync(join(folder, name), Array.from({ length: count }, (_, i) => line(i)).join('\n'));
  return name;
}

/** Two minutes of a camera and a motion sensor, whose clock is so much later, or known so badly. */
async function recordTwo(file: string, { laterUs = 0, errorUs = 1000 }: { laterUs?: number; errorUs?: number }): Promise<void> {
  const { space } = await openBundle(model);
  const startUs = 1_700_000_000e6;
  const recorder = new Recorder({ to: { file }, clock: hostClock, ledger: new Ledger(), log: silentLog, server: 'test' });
  const sources = [
    { id: 'cam', modality: 'image', from: 'file:x' },
    { id: 'wrist', modality: 'imu', from: 'file:x' },
  ];
  recorder.session({ server: 'test', boot: 'b', space, startedUs: startUs, folder, config: { sources }, alerts: [] });
  const samples = { first: 0, last: 0, missing: 0 };
  for (let i = 0; i < 120; i++) {
    for (const [source, modality, atUs, unsureUs] of [
      ['cam', 'image', startUs + i * 1e6, 1000],
      ['wrist', 'imu', startUs + i * 1e6 + laterUs, errorUs],
    ] as const) {
      const payload = { kind: 'imu' as const, values: new Float32Array(6) };
      recorder.reading(source, modality, { arrivalUs: atUs, payload }, undefined);
      const vector = normalise(noise(space.dim, i + 1));
      const times = { startUs: atUs, endUs: atUs + 1e6, errorUs: unsureUs };
      recorder.embedding({ source, modality, ...times, samples, coverage: 1, space: space.id, seq: i, vector });
    }
  }
  await recorder.stop();
}

describe('edgebind bind', () => {
  it('binds a sensor to the camera, finds held-out moments again, and writes a bundle of a space of its own', async () => {
    const { status, stdout, stderr } = bind('scenes', 'bound');
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout) as BindReport & { space: { id: string } };
    expect(report.pairs.train + report.pairs.validation + report.pairs.test).toBe(PAIRS);
    const { recall, chance } = report.bound.freshToAnchor;
    expect(chance[1]).toBe(1 / report.pairs.test);
    expect(recall[5]).toBeGreaterThan(0.6);
    expect(recall[5]).toBeGreaterThan(report.untrained?.freshToAnchor.recall[5] ?? 1);
    const [before, after] = [await openBundle(model), await openBundle(join(folder, 'bound'))];
    expect(after.space.id).toBe(report.space.id);
    expect(after.space.id).not.toBe(before.space.id);
    expect([...after.entries.keys()].sort()).toEqual(['image', 'imu']);
    expect(after.entries.get('imu')?.golden).toHaveLength(2);
    expect((await sharp(readFileSync(join(folder, 'bound', 'bind-similarity.png'))).metadata()).width).toBeGreaterThanOrEqual(512);

    // The head in the graph is the head that was judged: what it makes of a held-out motion is near that moment's picture.
    const vectors = (...files: string[]): number[][] =>
      edgebind('embed', '--model', 'bound', ...files)
        .stdout.trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { vector: number[] }).vector);
    const [image = [], imu = [], other = []] = vectors('scenes/s0-image.png', 'scenes/s0-imu.csv', 'scenes/s50-imu.csv');
    const cosine = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
    expect(Math.hypot(...imu)).toBeCloseTo(1, 5);
    expect(cosine(image, imu)).toBeGreaterThan(cosine(image, other));
  });

  it('gives the same bundle for the same pairs and seed', async () => {
    expect(bind('scenes', 'again').status).toBe(0);
    expect((await openBundle(join(folder, 'again'))).space.id).toBe((await openBundle(join(folder, 'bound'))).space.id);
  });

  it.each<[string, () => string, string]>([
    [
      'pairs that were shuffled',
      () => listOf('shuffled.jsonl', PAIRS, (i) => (i * 37 + 11) % PAIRS),
      'held-out moments are not found again',
    ],
    ['too few pairs', () => listOf('few.jsonl', 20, (i) => i), 'a linear head needs at least 30'],
    ['one scene again and again', () => listOf('alike.jsonl', PAIRS, (i) => i % 5), 'only 5 differ'],
    [
      'a sensor that says the same all the time',
      () =>
        listOf(
          'constant.jsonl',
          PAIRS,
          (i) => i,
          () => 0,
        ),
      'the new sensor says the same',
    ],
    ['a list that is no list', () => (writeFileSync(join(folder, 'bad.jsonl'), '{"image": 3}'), 'bad.jsonl'), 'bad.jsonl:1'],
    ['files that are not there', () => listOf('absent.jsonl', 40, (i) => i + PAIRS), 'left out: 40 FILE_UNREADABLE'],
  ])('refuses %s, and writes nothing', (name, list, words) => {
    const out = name.replaceAll(' ', '-');
    const { status, stderr } = bind(list(), out);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(existsSync(join(folder, out))).toBe(false);
  });

  it('shows heat to the picture network where its own encoder sees less, and says so', async () => {
    const seeing = await writeTestBundle({ image: { seed: 3, features: true }, thermal: { seed: 4 } });
    const random = seeded(17);
    const patterns = Array.from({ length: FACTS }, () => Array.from({ length: 256 }, () => random() - 0.5));
    for (const [i, facts] of scenes.entries()) {
      const celsius = (at: number): number => 25 + 4 * facts.reduce((sum, fact, k) => sum + fact * (patterns[k]?.[at] ?? 0), 0);
      const centikelvin = Uint16Array.from({ length: 256 }, (_, at) => Math.round(100 * (celsius(at) + 273.15)));
      await sharp(centikelvin, { raw: { width: 16, height: 16, channels: 1 } })
        .toColourspace('grey16')
        .png()
        .toFile(join(folder, 'scenes', `s${i}-thermal.png`));
    }
    const list = scenes.map((_, i) => JSON.stringify({ image: `scenes/s${i}-image.png`, thermal: `scenes/s${i}-thermal.png` }));
    writeFileSync(join(folder, 'heat.jsonl'), list.join('\n'));
    const args = ['--pairs', 'heat.jsonl', '--anchor', 'image', '--new', 'thermal', '--model', seeing, '--out', 'heat', '--json'];
    const { status, stdout, stderr } = edgebind('bind', ...args);
    expect([status, stderr]).toEqual([0, '']);
    const { features, bound, untrained } = JSON.parse(stdout) as BindReport & { features: string };
    expect(features).toBe('the image encoder of test 1.0.0');
    expect(bound.freshToAnchor.recall[5]).toBeGreaterThan(untrained?.freshToAnchor.recall[5] ?? 1);
    const { entries } = await openBundle(join(folder, 'heat'));
    expect(entries.get('thermal')?.frontEnd).toMatchObject({ kind: 'thermal', size: 16, channels: 3, lowC: 24, highC: 26 });
    expect(edgebind('embed', '--model', 'heat', '--modality', 'thermal', 'scenes/s0-thermal.png').stdout).toContain('"modality":"thermal"');
  });

  it('offers a smaller head where a linear one has too few pairs, and that one learns from them', () => {
    const list = listOf('some.jsonl', 40, (i) => i);
    const refused = bind(list, 'some');
    expect([refused.status, refused.stderr]).toEqual([2, expect.stringMatching(/needs at least 30 .*--head small/)]);
    const { status, stdout, stderr } = bind(list, 'some', '--head', 'small');
    expect([status, stderr]).toEqual([0, '']);
    const { training, bound } = JSON.parse(stdout) as BindReport;
    expect(training.directions).toBe(8);
    expect(bound.freshToAnchor.meanRank).toBeLessThan(0.3);
  });

  it.each([
    ['lie years apart', { laterUs: 5e13 }, /image was recorded from 2023-\S+ to 2023-\S+, imu from 2025-.*no common time base/],
    ['are not known well enough', { errorUs: 60e6 }, /the clock of imu is less sure than its windows are long.*no common time base/],
  ])('refuses a recording of two senses whose clocks %s, by name', async (name, clock, words) => {
    const recording = join(folder, `${name}.mcap`);
    await recordTwo(recording, clock);
    const { status, stderr } = bind(recording, name);
    expect([status, stderr]).toEqual([2, expect.stringMatching(words)]);
    expect(existsSync(join(folder, name))).toBe(false);
  });

  it('leaves a folder alone that is there already', () => {
    mkdirSync(join(folder, 'mine'));
    const { status, stderr } = bind('scenes', 'mine');
    expect([status, stderr]).toEqual([2, expect.stringContaining('already there')]);
  });
});

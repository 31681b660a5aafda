/** Replays that decide anew: the same alerts at any speed, and whatever the order in which readings arrived. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Ledger } from '../src/core/ledger.ts';
import { silentLog } from '../src/core/log.ts';
import { hostClock } from '../src/core/time.ts';
import { openRecording } from '../src/recording/open-recording.ts';
import { Recorder } from '../src/recording/recorder.ts';
import { loadConfig } from '../src/runtime/config.ts';
import { replay } from '../src/runtime/replay/replay.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';

const EPOCH_US = 1.75e15;
const STEP_US = 20_000;
const READINGS = 300;
const SOURCES = ['left', 'right'];
const folder = mkdtempSync(join(tmpdir(), 'edgebind-replays-'));
const configFile = join(folder, 'config.yaml');
let file = '';

/** Two sensors that move alike, then differently, then alike again. */
const motion = (source: string, i: number): Float32Array => {
  const isOdd = source === 'right' && i > 100 && i < 200;
  return Float32Array.from({ length: 6 }, (_, axis) => Math.sin((i * (isOdd ? 3 : 1)) / (4 + axis)) * (isOdd ? -9 : 9));
};

/** A recording whose readings arrive so late each; numbers and stamps are the sender's own. */
async function recordWith(delayUs: (source: string, i: number) => number, space = 'another'): Promise<string> {
  const path = join(mkdtempSync(join(folder, 'r-')), 'a.mcap');
  const recorder = new Recorder({ to: { file: path }, clock: hostClock, ledger: new Ledger(), log: silentLog, server: 'edgebind test' });
  recorder.session({
    server: 'edgebind test',
    boot: 'b',
    startedUs: EPOCH_US,
    space: { id: space, name: 'test', dim: 32 },
    folder,
    config: { model: 'nowhere', sources: SOURCES.map((id) => ({ id, modality: 'imu' as const, from: 'serial:x' })) },
    alerts: [],
  });
  const readings = SOURCES.flatMap((source) =>
    Array.from({ length: READINGS }, (_, seq) => {
      const deviceUs = EPOCH_US + seq * STEP_US;
      const payload = { kind: 'imu' as const, values: motion(source, seq) };
      // A bound of the error is measured on arrivals: the first one settles it, so that alerts differ in nothing.
      return { source, reading: { arrivalUs: deviceUs + (seq === 0 ? 0 : delayUs(source, seq)), deviceUs, seq, payload } };
    }),
  ).sort((a, b) => a.reading.arrivalUs - b.reading.arrivalUs);
  for (const { source, reading } of readings) recorder.reading(source, 'imu', reading, undefined);
  await recorder.stop();
  return path;
}

async function alertsOf(path: string): Promise<string> {
  const lines: string[] = [];
  const { decided, ledger } = await replay({
    recording: await openRecording([path]),
    loaded: loadConfig(configFile),
    speed: 0,
    log: silentLog,
    server: 'edgebind test',
    onAlert: (alert) => lines.push(JSON.stringify(alert)),
  });
  expect(decided).toBe('anew');
  expect(ledger.filter(({ sums, stage, dropped }) => !sums || (stage === 'window' && Object.keys(dropped).length > 0))).toEqual([]);
  return lines.join('\n');
}

beforeAll(async () => {
  const model = await writeTestBundle({ imu: {} });
  const sources = SOURCES.map((id) => ({ id, modality: 'imu', from: 'serial:x', protocol: 'witmotion', window: { latenessMs: 200 } }));
  const rule = { threshold: 0.2, cooldownMs: 0 };
  const alerts = [
    { id: 'differ', query: { disagreement: SOURCES }, ...rule, threshold: -0.5 },
    { id: 'odd', query: { novelty: true }, on: ['imu', 'fused'], ...rule },
  ];
  writeFileSync(configFile, JSON.stringify({ model, sources, alerts, fusion: { everyMs: 500, maxAgeMs: 1000 } }));
  file = await recordWith(() => 0);
});

describe('a replay that decides anew', () => {
  it('gives the same alerts for any order of arrival within the lateness', async () => {
    const expected = await alertsOf(file);
    expect(expected.split('\n').length).toBeGreaterThanOrEqual(4);
    expect(expected).toContain('"differ"');
    expect(expected).toContain('"fused"');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 190_000 }), { minLength: 5, maxLength: 97 }), async (delays) => {
        const other = await recordWith((source, i) => delays[(source === 'left' ? i : 7 * i) % delays.length] ?? 0);
        expect(await alertsOf(other)).toBe(expected);
      }),
      { numRuns: 5 },
    );
  }, 120_000);

  it('gives them at any speed, and stepped by hand', async () => {
    const args = [file, '--config', configFile, '--json'];
    const [fast, real] = await Promise.all([replayProcess(args), replayProcess([...args, '--speed', '1'])]);
    expect(fast).toMatchObject({ code: 0, log: expect.stringContaining('decided anew') as string });
    expect(fast.out).toContain('"differ"');
    expect(real).toMatchObject({ code: 0, out: fast.out });
    // At its own pace: no sooner than it took.
    const [, recorded, took] = /; ([\d.]+) s in ([\d.]+) s;/.exec(real.log) ?? [];
    expect(Number(took)).toBeGreaterThanOrEqual(Number(recorded) - 0.1);
    const stepped = await step(args, 3);
    expect(stepped.code).toBe(0);
    expect(stepped.out).toBe(fast.out);
    expect(stepped.log.match(/Enter for one second more/g)?.length).toBeGreaterThanOrEqual(4);
    const wrong = await replayProcess([...args, '--speed', 'fast']);
    expect(wrong).toMatchObject({ code: 2, log: expect.stringContaining('--speed "fast" is not a speed') as string });
  }, 120_000);

  it('needs a config where the space of the recording is not at hand, and says so', async () => {
    const { model } = loadConfig(configFile).config;
    const elsewhere = join(folder, 'elsewhere.mcap');
    const recorder = new Recorder({
      to: { file: elsewhere },
      clock: hostClock,
      ledger: new Ledger(),
      log: silentLog,
      server: 'edgebind test',
    });
    const space = { id: 'of-another-bundle', name: 'test', dim: 32 };
    const config = { model, sources: [{ id: 'left', modality: 'imu' as const, from: 'serial:x', protocol: 'witmotion' }] };
    recorder.session({ server: 'edgebind test', boot: 'b', startedUs: EPOCH_US, space, folder, config, alerts: [] });
    await recorder.stop();
    const { code, log } = await replayProcess([elsewhere]);
    expect(code).toBe(2);
    expect(log).toContain('was recorded in space of-another-bundle');
    expect(log).toContain('--config FILE');
  }, 60_000);
});

/** A replay by hand: so many lines, then the end of the input. */
async function step(args: readonly string[], lines: number): Promise<{ code: number | null; out: string; log: string }> {
  const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
  const child = spawn(process.execPath, [cli, 'replay', ...args, '--speed', 'step'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let [out, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  child.stdin.end('\n'.repeat(lines));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, log };
}

import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { connect } from '../src/client/index.ts';
import type { LedgerLine } from '../src/core/ledger.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { startEdgeBind, startEdgeBindIn } from './helpers/edgebind-process.ts';
import { replayProcess } from './helpers/replay-process.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';
import { until } from './helpers/until.ts';

const SWAPS = 10;
/** The audio graph alone takes 12 MiB in a session: ten that leak would be 120. */
const MAX_GROWTH_MIB = 60;

const folders: string[] = [];
const made = (dir: string): string => (folders.push(dir), dir);
afterAll(async () => {
  for (const dir of folders) await rm(dir, { recursive: true, force: true });
});

type Seen = readonly [space: string, startUs: number, endUs: number, seq: number];
interface Outcome {
  readonly sent: Readonly<Record<string, number>>;
  readonly embeddings: Readonly<Record<string, readonly Seen[]>>;
  readonly spaces: readonly (readonly string[])[];
  readonly scored: readonly string[];
  readonly memory: readonly number[];
  readonly complaints: readonly unknown[];
  readonly ledger: readonly LedgerLine[];
}

/** What changes from one to the next. */
const changes = (spaces: readonly (string | undefined)[]): number => spaces.filter((space, i) => i > 0 && space !== spaces[i - 1]).length;

describe('a model that is exchanged while everything runs', () => {
  it('ten times under load: no window lost or doubled, clean boundaries, the ledger sums, memory comes back', async () => {
    const first = made(await writeTestBundle({ image: {}, audio: { layers: 8 }, imu: {} }));
    const second = made(await writeTestBundle({ image: { seed: 2 }, audio: { layers: 8, seed: 2 }, imu: { seed: 2 } }));
    const ids = (await Promise.all([first, second].map((dir) => openBundle(dir)))).map(({ space }) => space.id);
    const script = fileURLToPath(new URL('helpers/swap-under-load.mjs', import.meta.url));
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script, first, second, String(SWAPS)], {
      maxBuffer: 2 ** 26,
      timeout: 280_000,
      // What is freed goes back to the system at once, so that what is not freed shows.
      env: { ...process.env, MALLOC_TRIM_THRESHOLD_: '65536' },
    });
    const { sent, embeddings, spaces, scored, memory, complaints, ledger } = JSON.parse(stdout) as Outcome;

    expect(complaints).toEqual([]);
    // Both spaces while one takes over, then one.
    const turns = Array.from({ length: SWAPS }, (_, i) => (i % 2 === 0 ? [ids[1], ids[0]] : [ids[0], ids[1]]));
    expect(spaces).toEqual([[ids[0]], ...turns.flatMap((both) => [both, both.slice(0, 1)])]);
    // What each source gives without any change: the windows of the manifest, as far as enough of them is covered.
    const hops = { front: [100_000, 1], mic: [480_000, 975_000], wrist: [500_000, 1_280_000] } as const;
    for (const [source, [hopUs, sizeUs]] of Object.entries(hops)) {
      const all = embeddings[source] ?? [];
      const firstUs = all[0]?.[1] ?? 0;
      expect(all.map(([, startUs, endUs, seq]) => [startUs - firstUs, endUs - startUs, seq])).toEqual(
        all.map((_, i) => [i * hopUs, sizeUs, i]),
      );
      const untilUs = ((sent[source] ?? 0) - 1) * (source === 'front' ? 100_000 : source === 'mic' ? 20_000 : 10_000);
      expect(untilUs - (all.at(-1)?.[2] ?? 0)).toBeLessThan(2 * sizeUs);
      expect(changes(all.map(([space]) => space))).toBe(SWAPS);
    }
    const fused = (embeddings['fused'] ?? []).map(([space]) => space);
    expect(changes(fused)).toBe(SWAPS);
    expect(scored).toEqual(['any front', 'any fused', 'any mic', 'any wrist', 'news wrist']);

    expect(ledger.filter(({ sums, inFlight }) => !sums || inFlight > 0)).toEqual([]);
    for (const { dropped } of ledger.filter(({ stage }) => stage === 'encode' || stage === 'window')) expect(dropped).toEqual({});
    expect(memory).toHaveLength(SWAPS + 1);
    expect(Math.max(...memory.slice(1)) - (memory[0] ?? 0)).toBeLessThan(MAX_GROWTH_MIB);
  }, 300_000);

  it('a bundle updated in place takes over; a bad one leaves the old one running and says why', async () => {
    const good = await Promise.all([1, 2].map(async (seed) => made(await writeTestBundle({ imu: { seed } }))));
    const [before, after] = (await Promise.all(good.map((dir) => openBundle(dir)))).map(({ space }) => space.id);
    const dir = made(await mkdtemp(join(tmpdir(), 'edgebind-live-')));
    await cp(good[0] ?? '', dir, { recursive: true });
    const edgebind = await startEdgeBind(`
model: ${dir}
broker: {port: 0}
sources: [{id: wrist, modality: imu, from: "mqtt:wrist", format: imu-f32}]
`);
    try {
      interface Status {
        readonly space: { readonly id: string };
        readonly model: { readonly refused?: { readonly code: string; readonly reason: string } };
      }
      const status = async (): Promise<Status> => (await edgebind.get('/api/v1/status')) as Status;
      const manifest = join(dir, 'manifest.yaml');
      // The manifest last and at once, as docs/bundles.md says.
      const publish = async (from: string): Promise<void> => {
        await cp(join(from, 'imu.onnx'), join(dir, 'imu.onnx'));
        await writeFile(`${manifest}.new`, await readFile(join(from, 'manifest.yaml')));
        await rename(`${manifest}.new`, manifest);
      };
      expect((await status()).space.id).toBe(before);
      await publish(made(await writeTestBundle({ imu: { collapsed: true } })));
      const refused = await until('the refusal', async () => (await status()).model.refused);
      expect(refused).toMatchObject({ code: 'MODEL_REFUSED', reason: expect.stringContaining('one vector') as string });
      expect((await status()).space.id).toBe(before);
      expect(edgebind.log()).toContain('the new model is refused; the one before goes on');
      await publish(good[1] ?? '');
      await until('the new space', async () => (await status()).space.id === after);
      expect((await status()).model).not.toHaveProperty('refused');
    } finally {
      expect((await edgebind.stop()).code).toBe(0);
    }
  });

  it('is recorded, and a replay changes it at the same place: the same alerts to the byte, also by a pipeline of a user', async () => {
    const models = await Promise.all([1, 2].map(async (seed) => made(await writeTestBundle({ audio: { seed } }))));
    const folder = made(await mkdtemp(join(tmpdir(), 'edgebind-recorded-')));
    const clip = join(folder, 'clip.wav');
    execFileSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', "aevalsrc='0.4*sin(2*PI*t*(200+40*t))':s=16000:d=12", clip]);
    await writeFile(join(folder, 'like.wav'), await readFile(clip));
    await writeFile(
      join(folder, 'own.mjs'),
      `import { correctClock, slidingWindow, streamingLogMel } from 'edgebind';
export const pipeline = ({ id, modality, readings$ }, { ledger, clock, encoders, frontEnd, policy }) =>
  readings$.pipe(
    correctClock({ source: id, modality, stage: ledger.stage(id, 'clock'), ...clock(id) }),
    slidingWindow({ sizeMs: 975, hopMs: 500, latenessMs: 100, stage: ledger.stage(id, 'window') }),
    streamingLogMel(frontEnd(modality)),
    encoders.encode(id, policy),
  );
`,
    );
    const config = (model = ''): string => `
model: ${model}
encoders: {workers: 1, keep: every, staleAfterMs: 60000}
sources:
  - {id: mic, modality: audio, from: "file:clip.wav", loop: true}
  - {id: own, modality: audio, from: "file:clip.wav", loop: true, pipeline: ./own.mjs}
alerts: [{id: like, query: {audio: like.wav}, on: [mic, own], threshold: 0.3}]
outputs: {record: {dir: recordings}}
`;
    const configFile = join(folder, 'config.yaml');
    await writeFile(configFile, config(models[0]));
    const edgebind = await startEdgeBindIn(folder);
    const seen = new Map<string, Set<string>>();
    const client = connect(edgebind.url, { WebSocket });
    client.subscribe({ channel: 'embeddings' }, ({ source, space }) => {
      seen.set(source, (seen.get(source) ?? new Set()).add(space));
    });
    const givesBoth = (count: number) => () => seen.size === 2 && [...seen.values()].every((some) => some.size === count);
    try {
      await until('vectors of the first model', givesBoth(1));
      await writeFile(configFile, config(models[1]));
      await until('vectors of the second', givesBoth(2), 90_000);
    } finally {
      client.close();
      expect((await edgebind.stop()).code).toBe(0);
    }
    expect(edgebind.log()).not.toContain('pipeline failed');
    const { code, out } = await replayProcess([join(folder, 'recordings'), '--json']);
    expect(code).toBe(0);
    const recorded = (await readFile(join(folder, 'state', 'alerts.jsonl'), 'utf8')).trim();
    expect(
      out
        .trim()
        .split('\n')
        .filter((line) => line.includes('"cursor"'))
        .join('\n'),
    ).toBe(recorded);
    expect(recorded).toContain('"own"');
  }, 180_000);
});

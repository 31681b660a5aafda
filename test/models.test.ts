import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { EdgeBindError } from '../src/core/errors.ts';
import { openBundle } from '../src/encoders/bundle.ts';
import { tryBundle } from '../src/encoders/try-bundle.ts';
import type { Trial } from '../src/encoders/try-graphs.ts';
import { BAD_BUNDLES } from './helpers/bad-bundles.ts';
import { writeTestBundle } from './helpers/test-bundle.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const folders: string[] = [];
afterAll(async () => {
  for (const dir of folders) await rm(dir, { recursive: true, force: true });
});

const kept = (dir: string): string => (folders.push(dir), dir);

/** What `edgebind models ...` says, and its exit code. */
async function models(...args: string[]): Promise<{ code: number; out: string }> {
  try {
    return { code: 0, out: (await promisify(execFile)(process.execPath, [cli, 'models', ...args])).stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, out: stdout };
  }
}

async function trialsOf(dir: string, providers = ['cpu']): Promise<Trial[]> {
  const trials: Trial[] = [];
  for await (const trial of tryBundle(await openBundle(dir), { providers, seconds: 0 })) trials.push(trial);
  return trials;
}

describe('trying a bundle, each graph in a process of its own', () => {
  it('measures load, calls, memory and kernels of a good one, and says why a provider that is not there was refused', async () => {
    const [cpu, other] = await trialsOf(kept(await writeTestBundle({ imu: {} })), ['cpu', 'cuda']);
    expect(cpu).toMatchObject({ modality: 'imu', provider: 'cpu', isOk: true, measured: { trust: { batch: 4, batchError: 0 } } });
    expect(Object.keys(cpu?.measured?.kernels ?? {})).toEqual(['CPUExecutionProvider']);
    expect(cpu?.measured?.callMs).toBeGreaterThan(0);
    // Where CUDA works this test has nothing to say.
    if (!other?.isOk) expect(other).toMatchObject({ provider: 'cuda', code: 'PROVIDER_REFUSED' });
  });

  it.each(BAD_BUNDLES)('names what is wrong with $what: $code', async ({ make, code }) => {
    const dir = kept(await make());
    const found = await trialsOf(dir).then(
      (trials) => trials.map((trial) => trial.code),
      (error: unknown) => [error instanceof EdgeBindError ? error.code : String(error)],
    );
    expect(found).toEqual([code]);
  });
});

describe('edgebind models', () => {
  it('verify: 0 and a table for a good bundle, 1 and the reason for a broken one, 2 where there is none', async () => {
    const good = await models('verify', kept(await writeTestBundle({ imu: {} })));
    expect(good.code).toBe(0);
    expect(good.out).toMatch(/^ok {4}imu +cpu .*kernels on CPU$/m);
    const collapsed = await models('verify', kept(await writeTestBundle({ imu: { collapsed: true } })), '--json');
    expect(collapsed.code).toBe(1);
    expect(JSON.parse(collapsed.out)).toMatchObject({ ok: false, graphs: [{ modality: 'imu', ok: false, code: 'MODEL_COLLAPSED' }] });
    const outside = await models('verify', kept((await BAD_BUNDLES[0]?.make()) ?? ''));
    expect(outside).toMatchObject({ code: 1, out: expect.stringMatching(/^FAIL {2}BUNDLE_PATH: /) as string });
    expect((await models('verify', '/no/such/bundle')).code).toBe(2);
  });

  it('bench prints one JSON object with ms per call, load time and memory of each modality', async () => {
    const { code, out } = await models('bench', kept(await writeTestBundle({ imu: {}, audio: {} })), '--seconds', '0.1', '--json');
    expect(code).toBe(0);
    const { graphs } = JSON.parse(out) as { graphs: { modality: string; callMs: number; loadMs: number; rssMiB: number }[] };
    expect(graphs.map(({ modality }) => modality)).toEqual(['audio', 'imu']);
    for (const graph of graphs) expect(Math.min(graph.callMs, graph.loadMs)).toBeGreaterThan(0);
  });
});

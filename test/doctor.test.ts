import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));

interface Report {
  ok: boolean;
  findings: { check: string; status: string; found: string; todo?: string }[];
}

it('edgebind doctor says which provider really runs each graph of the shipped bundle, and what is missing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-doctor-'));
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    'model: models/mini\nencoders: {providers: [cpu]}\nsources: [{id: a, modality: imu, from: "serial:/dev/edgebind-none", protocol: witmotion}]\n',
  );
  // The port is not there, so that it ends with 1.
  const answer = await promisify(execFile)(process.execPath, [cli, 'doctor', config, '--json']).catch(
    (error: unknown) => error as { code: number; stdout: string },
  );
  expect('code' in answer && answer.code).toBe(1);
  const { ok, findings } = JSON.parse(answer.stdout) as Report;
  expect(ok).toBe(false);
  expect(findings.filter(({ status }) => status === 'fail').map(({ check }) => check)).toEqual(['serial ports']);
  const graphs = findings.filter(({ check }) => check.startsWith('model '));
  expect(graphs.map(({ check }) => check.slice(6)).sort()).toEqual(['audio', 'depth', 'image', 'imu', 'text', 'thermal']);
  for (const { status, found } of graphs) {
    expect(status).toBe('ok');
    expect(found).toMatch(/^cpu \d+\.\d ms a call, loaded in \d+ ms, \d+ kernels on CPU$/);
  }
  const named = findings.map(({ check }) => check);
  expect(named).toEqual(expect.arrayContaining(['node', 'onnxruntime', 'ffmpeg', 'socat', 'udevadm', 'clock', 'disk for state']));
  expect(named.filter((check) => check.startsWith('provider '))).toEqual(['provider webgpu', 'provider cuda', 'provider tensorrt']);
}, 120_000);

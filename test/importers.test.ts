import { spawn, execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { cli, importPython } from './helpers/import-python.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-importers-'));
const build = fileURLToPath(new URL('../models/build', import.meta.url));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [cli, 'models', 'import', ...args], { encoding: 'utf8', env: { ...process.env, ...env } });

describe('edgebind models import without its Python', () => {
  it('names the systems when asked for another', () => {
    const { status, stderr } = run(['imagebnd', '--out', join(folder, 'x')]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/no importer for "imagebnd"; there are: .*clap.*imagebind/);
  });

  it('says that Python is missing, and where it would have made its environment', () => {
    const venv = join(folder, 'venv');
    const { status, stderr } = run(['imagebind', '--out', join(folder, 'x')], { EDGEBIND_IMPORT_VENV: venv, PYTHON: '/nowhere/python3' });
    expect(status).toBe(2);
    expect(stderr).toContain(`making the importers' Python environment in ${venv}`);
    expect(stderr).toContain('Python 3.11 or newer is needed, as /nowhere/python3');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe.skipIf(!importPython)('the importers', () => {
  it('refuses wrong usage and missing checkpoints with exit code 2', () => {
    const wrong = run(['imagebind', '--out', join(folder, 'x')]);
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain('one of the arguments --checkpoint --random is required');
    const missing = run(['imagebind', '--checkpoint', join(folder, 'none.pth'), '--out', join(folder, 'x')]);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('CHECKPOINT_MISSING');
  });

  it('leaves no half bundle when it is stopped', async () => {
    const args = ['models', 'import', 'imagebind', '--random', '1', '--blocks', '1', '--out', join(folder, 'stopped')];
    const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      if (log.includes('[2/6]') && !child.killed) child.kill('SIGTERM');
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('pass their own tests: parity with the published code, gates, broken checkpoints', () => {
    const args = ['-W', 'ignore', '-m', 'unittest', 'discover', '-t', '.', '-s', 'importers/tests'];
    execFileSync(importPython ?? '', args, { cwd: build, stdio: ['ignore', 'ignore', 'inherit'], timeout: 900_000 });
  }, 900_000);
});

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LedgerLine } from '../../src/core/ledger.ts';

const cli = fileURLToPath(new URL('../../bin/edgebind.js', import.meta.url));

/** A real `edgebind run` as a child process. */
export interface EdgeBindProcess {
  readonly url: string;
  readonly folder: string;
  readonly configFile: string;
  readonly child: ChildProcess;
  /** Everything it has logged so far. */
  log(): string;
  get(path: string): Promise<unknown>;
  ledger(): Promise<LedgerLine[]>;
  /** Sends the signal; resolves to the exit code and the ms it took. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; ms: number }>;
}

/** Starts `edgebind run` on the text of a config, on a free port, with a state folder of its own. */
export async function startEdgeBind(config: string, args: readonly string[] = []): Promise<EdgeBindProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'edgebind-run-'));
  const configFile = join(folder, 'config.yaml');
  writeFileSync(configFile, config);
  return startEdgeBindIn(folder, args);
}

/** The same in a folder that has a config.yaml already, e.g. after a restart. */
export async function startEdgeBindIn(folder: string, args: readonly string[] = []): Promise<EdgeBindProcess> {
  const configFile = join(folder, 'config.yaml');
  const child = spawn(process.execPath, [cli, 'run', configFile, '--port', '0', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-100_000)));
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      const match = /EdgeBind runs: (\S+)/.exec(out);
      if (match?.[1]) resolve(match[1]);
    });
    child.once('exit', (code) => reject(new Error(`edgebind run ended with code ${code}:\n${log}`)));
  });
  const get = async (path: string): Promise<unknown> => (await fetch(new URL(path, url))).json();
  return {
    url,
    folder,
    configFile,
    child,
    log: () => log,
    get,
    ledger: async () => {
      const lines = await get('/api/v1/ledger');
      return (Array.isArray(lines) ? lines : (lines as { lines: LedgerLine[] }).lines) as LedgerLine[];
    },
    stop: async (signal = 'SIGTERM') => {
      const began = performance.now();
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        await once(child, 'exit');
      }
      return { code: child.exitCode, ms: performance.now() - began };
    },
  };
}

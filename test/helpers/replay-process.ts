import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../../bin/edgebind.js', import.meta.url));

/** A real `edgebind replay`, to its end. */
export async function replayProcess(args: readonly string[]): Promise<{ code: number | null; out: string; log: string }> {
  const child = spawn(process.execPath, [cli, 'replay', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, log] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, log };
}

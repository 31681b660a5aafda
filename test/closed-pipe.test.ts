import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startEdgeBind } from './helpers/edgebind-process.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));

it('a command that prints ends without a word when its reader is gone, as by SIGPIPE', async () => {
  const child = spawn(process.execPath, [cli, 'tokenize', '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.destroy();
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number];
  expect([code, said]).toEqual([141, '']);
});

it('a run goes on when nobody reads what it prints, and stops in order', async () => {
  const edgebind = await startEdgeBind(
    JSON.stringify({ model: 'models/mini', sources: [{ id: 'heat', modality: 'thermal', from: 'simulate:calm' }] }),
  );
  edgebind.child.stdout?.destroy();
  edgebind.child.stderr?.destroy();
  // Something to tell of: the config has a mistake now.
  writeFileSync(edgebind.configFile, '{');
  await expect
    .poll(async () => (await edgebind.ledger()).some(({ source, emitted }) => source === 'heat' && emitted > 8), { timeout: 30_000 })
    .toBe(true);
  expect(await edgebind.stop()).toMatchObject({ code: 0 });
});

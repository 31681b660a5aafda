import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { holdFolder } from './hold-folder.ts';

const root = mkdtempSync(join(tmpdir(), 'edgebind-hold-'));
afterAll(() => rmSync(root, { recursive: true }));

describe.runIf(process.platform === 'linux')('holdFolder', () => {
  it('is for one at a time, by whatever path, until it lets go', async () => {
    const letGo = await holdFolder(root);
    await expect(holdFolder(`${root}/.`)).rejects.toMatchObject({ code: 'STATE_IN_USE' });
    await expect(holdFolder(root)).rejects.toThrow('set state.dir to another folder');
    const other = mkdtempSync(join(root, 'other-'));
    (await holdFolder(other))();
    letGo();
    (await holdFolder(root))();
  });
});

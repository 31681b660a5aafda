import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder } from './make-folder.ts';

describe('makeFolder', () => {
  it('makes a folder with those above it, leaves one that is there as it is, and nothing in it', () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'edgebind-folder-')), 'a/b');
    makeFolder(folder, 'the state', 'state.dir');
    makeFolder(folder, 'the state', 'state.dir');
    expect(existsSync(folder)).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('says at once what is wrong where none can be made, also on a file system that takes none', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'edgebind-folder-')), 'file');
    writeFileSync(file, '');
    for (const path of [join(file, 'a'), file, '/proc', '/proc/edgebind', '/proc/edgebind/state'])
      expect(() => makeFolder(path, 'the state', 'state.dir')).toThrow(
        expect.objectContaining({
          code: 'FOLDER_UNUSABLE',
          message: expect.stringContaining(`${path}: cannot keep the state here (`) as string,
        }),
      );
  });
});

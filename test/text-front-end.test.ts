import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../src/core/errors.ts';
import { silentLog } from '../src/core/log.ts';
import { FrontEndWorkers } from '../src/encoders/front-end-workers.ts';
import type { GraphItem } from '../src/encoders/graph-plan.ts';
import { parseFrontEnd } from '../src/frontends/recipe.ts';

const golden = JSON.parse(await readFile(new URL('../src/frontends/fixtures/tokens.json', import.meta.url), 'utf8')) as {
  readonly texts: string[];
  readonly clip: { readonly merges: string; readonly ids: number[][] };
  readonly mini: number[][];
};
const mini = fileURLToPath(new URL('../models/mini/tokenizer.json', import.meta.url));

let folder = '';
let clip = '';
const running: FrontEndWorkers[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edgebind-text-'));
  clip = join(folder, 'pairs.txt.gz');
  await writeFile(clip, gzipSync(golden.clip.merges));
});
afterEach(async () => {
  for (const workers of running.splice(0)) await workers.stop();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(tokenizer: string, recipe: object): Promise<(text: string) => Promise<GraphItem>> {
  const frontEnd = parseFrontEnd({ kind: 'text', tokenizer: 'in-the-bundle', ...recipe });
  const input = { name: 'ids', mask: 'mask', dtype: 'int64' as const };
  const workers = await FrontEndWorkers.start({ count: 1, plans: [{ modality: 'text', frontEnd, input, tokenizer }], log: silentLog });
  running.push(workers);
  return async (text) => (await workers.prepare('text', { kind: 'text', text })).item;
}
const numbers = (item: GraphItem, name: string): number[] =>
  Array.from(item.find((feed) => feed.name === name)?.data ?? [], (value: number | bigint) => Number(value));

describe('the text front end on a real thread', () => {
  it("fills up CLIP's ids to their full length, and masks what it filled up", async () => {
    const prepare = await start(clip, { maxLength: 77, padId: 0 });
    for (const [i, text] of golden.texts.entries()) {
      const wanted = golden.clip.ids[i] ?? [];
      const item = await prepare(text);
      expect(item.map(({ dims }) => dims)).toEqual([[77], [77]]);
      expect(numbers(item, 'ids')).toEqual([...wanted, ...new Array<number>(77 - wanted.length).fill(0)]);
      expect(numbers(item, 'mask')).toEqual(Array.from({ length: 77 }, (_, k) => (k < wanted.length ? 1 : 0)));
    }
  });

  it('gives as many ids as the text has where nothing is to be filled up', async () => {
    const prepare = await start(mini, { maxLength: 128 });
    for (const [i, text] of golden.texts.entries()) {
      const item = await prepare(text);
      expect(numbers(item, 'ids')).toEqual(golden.mini[i]);
      expect(numbers(item, 'mask')).toEqual(golden.mini[i]?.map(() => 1));
    }
  });

  it('refuses to start with a tokenizer that nobody knows', async () => {
    const prose = join(folder, 'prose.txt');
    await writeFile(prose, 'Lorem ipsum\ndolor\n');
    await expect(start(prose, { maxLength: 77 })).rejects.toThrow(UsageError);
  });
});

describe('edgebind tokenize', () => {
  const run = (args: string[], input = '') =>
    spawnSync(process.execPath, [fileURLToPath(new URL('../bin/edgebind.js', import.meta.url)), 'tokenize', ...args], {
      input,
      encoding: 'utf8',
    });

  it('prints a JSON line for each argument behind --, or for each line of standard input', () => {
    const texts = ['--pad', 'caf&eacute; 😀', ''];
    const given = run(['--tokenizer', clip, '--', ...texts]);
    expect(given).toMatchObject({ status: 0, stderr: '' });
    expect(
      given.stdout
        .split('\n')
        .slice(0, 3)
        .map((line) => (JSON.parse(line) as { text: string }).text),
    ).toEqual(texts);
    expect(run(['--tokenizer', clip], `${texts.join('\n')}\n`).stdout).toBe(given.stdout);
  });

  it('ends with 2 where the tokenizer is not there, and names it', () => {
    const { status, stdout, stderr } = run(['--tokenizer', join(folder, 'nowhere.json'), 'a']);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain('nowhere.json');
  });
});

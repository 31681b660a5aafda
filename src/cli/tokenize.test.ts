import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { registerTokenize, tokenize } from './tokenize.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-tokenize-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const golden = JSON.parse(readFileSync(new URL('../frontends/fixtures/tokens.json', import.meta.url), 'utf8')) as {
  texts: string[];
  clip: { merges: string; ids: number[][] };
};
const clip = fileOf('pairs.txt.gz', gzipSync(golden.clip.merges));
const mini = fileURLToPath(new URL('../../models/mini', import.meta.url));

const run = async (texts: string[], options: { tokenizer: string; pad?: true }, input: Iterable<Uint8Array> = []) => {
  let out = '';
  const stdout = new Writable({
    highWaterMark: 16,
    write: (chunk: Buffer, _, done) => {
      out += chunk.toString();
      setImmediate(done);
    },
  });
  await tokenize(texts, options, { stdin: Readable.from(input), stdout });
  const lines = out.split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line) as { text: string; ids: number[] });
};

describe('tokenize', () => {
  it('prints text and ids of each argument, whatever stands in it', async () => {
    expect(await run(golden.texts, { tokenizer: clip })).toEqual(golden.texts.map((text, i) => ({ text, ids: golden.clip.ids[i] })));
  });

  it('reads lines of standard input in whatever pieces they come', async () => {
    const input = Buffer.from('naïve café 😀\n\r\na dog\r\nlast');
    const texts = ['naïve café 😀', '', 'a dog', 'last'];
    const wanted = await run(texts, { tokenizer: clip });
    expect(wanted.map(({ text }) => text)).toEqual(texts);
    expect(await run([], { tokenizer: clip }, [input])).toEqual(wanted);
    expect(
      await run(
        [],
        { tokenizer: clip },
        Array.from(input, (_, at) => input.subarray(at, at + 1)),
      ),
    ).toEqual(wanted);
    expect(await run([], { tokenizer: clip }, [])).toEqual([]);
  });

  it('takes the pairs unpacked, a tokenizer.json, and a bundle folder with the length of its manifest', async () => {
    const unpacked = fileOf('pairs.txt', golden.clip.merges);
    expect(await run(['a cat'], { tokenizer: unpacked })).toEqual(await run(['a cat'], { tokenizer: clip }));
    const text = 'the sound of rain';
    expect(await run([text], { tokenizer: mini })).toEqual(await run([text], { tokenizer: join(mini, 'tokenizer.json') }));

    const bundle = join(folder, 'bundle');
    mkdirSync(bundle);
    writeFileSync(join(bundle, 'pairs.txt.gz'), gzipSync(golden.clip.merges));
    const lines = readFileSync(join(mini, 'manifest.yaml'), 'utf8').split('\n');
    writeFileSync(
      join(bundle, 'manifest.yaml'),
      lines
        .map((line) => line.replace(/frontEnd: \{kind: text.*/, 'frontEnd: {kind: text, tokenizer: pairs.txt.gz, maxLength: 7}'))
        .join('\n'),
    );
    const [long] = await run(['word '.repeat(50)], { tokenizer: bundle });
    expect(long?.ids).toHaveLength(7);
  });

  it('fills up to the full length where that is asked for', async () => {
    const [plain] = await run(['a cat'], { tokenizer: clip });
    const [padded] = await run(['a cat'], { tokenizer: clip, pad: true });
    expect(padded?.ids).toEqual([...(plain?.ids ?? []), ...new Array<number>(77 - (plain?.ids.length ?? 0)).fill(0)]);
    const [long] = await run(['a '.repeat(100)], { tokenizer: clip, pad: true });
    expect(long?.ids).toHaveLength(77);
    const endless = fileOf(
      'endless.json',
      JSON.stringify({ ...JSON.parse(readFileSync(join(mini, 'tokenizer.json'), 'utf8')), truncation: null }),
    );
    await expect(run(['a'], { tokenizer: endless, pad: true })).rejects.toThrow('does not say how long');
  });

  it.each([
    ['a missing file', join(folder, 'nowhere.json')],
    ['a folder that is no bundle', folder],
    ['garbage', fileOf('garbage.bin', Uint8Array.of(0, 1, 2, 3))],
    ['broken gzip', fileOf('broken.gz', Uint8Array.of(0x1f, 0x8b, 8, 0, 1, 2))],
    ['broken JSON', fileOf('broken.json', '{"model": ')],
    ['another JSON', fileOf('other.json', '{"name": "x"}')],
  ])('refuses %s as wrong usage that names it', async (_, tokenizer) => {
    const failure = run(['a'], { tokenizer });
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow(tokenizer);
  });

  it('refuses a line without end before it fills the memory', async () => {
    let given = 0;
    const endless = function* (): Generator<Uint8Array> {
      for (; given < 64; given++) yield Buffer.alloc(1 << 17, 'a');
    };
    const failure = run([], { tokenizer: clip }, endless());
    await expect(failure).rejects.toThrow(EdgeBindError);
    await expect(failure).rejects.toThrow('line 1 of standard input is longer');
    expect(given).toBeLessThan(32);
  });

  it('explains itself with an example', () => {
    const program = new Command().exitOverride();
    registerTokenize(program);
    let help = '';
    program.commands[0]?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toContain('edgebind tokenize --tokenizer bpe_simple_vocab_16e6.txt.gz -- "a photo of a cat"');
  });
});

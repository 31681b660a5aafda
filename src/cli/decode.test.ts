import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable, Writable } from 'node:stream';
import { Command } from 'commander';
import { afterAll, describe, expect, it } from 'vitest';
import { gyFrame, slipFrame, witmotionFrame } from '../../test/device-bytes.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { decode, registerDecode } from './decode.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-decode-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

const run = async (file: string | undefined, options: { protocol: string; chunks?: string; crc?: boolean }, input: Uint8Array[] = []) => {
  const out: string[] = [];
  const err: string[] = [];
  const sink = (texts: string[]): Writable =>
    new Writable({
      highWaterMark: 16,
      write: (chunk: Buffer, _, done) => {
        texts.push(chunk.toString());
        setImmediate(done);
      },
    });
  await decode(file, { crc: true, ...options }, { stdin: Readable.from(input), stdout: sink(out), stderr: sink(err) });
  const lines = out.join('').split('\n');
  expect(lines.pop()).toBe('');
  return { frames: lines.map((line) => JSON.parse(line) as Record<string, unknown>), summary: err.join('') };
};

const capture = Buffer.concat([
  Buffer.of(1, 2),
  witmotionFrame(0x51, [2048, 0, 0, 0]),
  witmotionFrame(0x52, [0, 0, 0, 0]),
  Buffer.of(0x55),
]);
const SUMMARY = '{"frames":2,"badFrames":0,"skippedBytes":3}\n';

describe('decode', () => {
  it('prints a line for each frame, then the summary on stderr', async () => {
    const { frames, summary } = await run(fileOf('a.bin', capture), { protocol: 'witmotion' });
    expect(frames.map(({ frame }) => frame)).toEqual(['acc', 'gyro']);
    expect(frames[0]).toEqual({ frame: 'acc', acc: [9.80665, 0, 0], temperatureCelsius: 0 });
    expect(summary).toBe(SUMMARY);
  });

  it('reads standard input in whatever pieces it comes', async () => {
    const pieces = Array.from(capture, (_, at) => capture.subarray(at, at + 1));
    expect((await run(undefined, { protocol: 'witmotion' }, pieces)).summary).toBe(SUMMARY);
  });

  it.each(['[]', '[1,0,5,3]', '[1000000]'])('feeds the decoder in the pieces of %s', async (lengths) => {
    const chunks = fileOf('lengths.json', lengths);
    const { frames, summary } = await run(fileOf('b.bin', capture), { protocol: 'witmotion', chunks });
    expect(frames).toHaveLength(2);
    expect(summary).toBe(SUMMARY);
  });

  it('prints pictures as plain arrays', async () => {
    const { frames } = await run(undefined, { protocol: 'gy-mcu90640' }, [gyFrame(new Array<number>(768).fill(2345), 2531)]);
    expect(frames[0]).toMatchObject({ ambientCelsius: 25.31, celsius: new Array<number>(768).fill(23.45) });
  });

  it('can do without the CRC', async () => {
    const { frames } = await run(undefined, { protocol: 'slip', crc: false }, [slipFrame(Buffer.of(1, 2, 3), { crc: false })]);
    expect(frames).toEqual([{ frame: 'slip', hex: '010203' }]);
  });

  it('names the nearest protocol for one that does not exist', async () => {
    const failure = run(undefined, { protocol: 'witmoton' });
    await expect(failure).rejects.toThrow(UsageError);
    await expect(failure).rejects.toThrow('did you mean witmotion?');
  });

  it.each([
    ['missing', undefined],
    ['no JSON', '[1,'],
    ['no list', '{"a":1}'],
    ['negative', '[1,-2]'],
    ['broken lengths', '[1.5]'],
  ])('refuses chunks: %s', async (name, content) => {
    const chunks = content === undefined ? join(folder, 'nowhere.json') : fileOf(`${name}.json`, content);
    await expect(run(undefined, { protocol: 'witmotion', chunks })).rejects.toThrow(UsageError);
  });

  it('fails, without being wrong usage, where the input cannot be read', async () => {
    const failure = run(join(folder, 'nowhere.bin'), { protocol: 'witmotion' });
    await expect(failure).rejects.toThrow(EdgeBindError);
    await expect(failure).rejects.not.toThrow(UsageError);
    await expect(failure).rejects.toThrow('nowhere.bin');
  });

  it('ends quietly when its reader goes away', async () => {
    const frame = witmotionFrame(0x51, [1, 2, 3, 4]);
    let written = 0;
    const stdout = new Writable({
      highWaterMark: 1,
      write: (_chunk, _encoding, done) => done(++written > 2 ? Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }) : null),
    });
    const stderr = new PassThrough();
    await decode(
      undefined,
      { protocol: 'witmotion', crc: true },
      { stdin: Readable.from(new Array<Buffer>(100).fill(frame)), stdout, stderr },
    );
    expect(written).toBe(3);
    expect(stderr.read()).toBeNull();
  });

  it('explains itself with an example', () => {
    const program = new Command().exitOverride();
    registerDecode(program);
    let help = '';
    program.commands[0]?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    expect(help).toContain('edgebind decode --protocol witmotion capture.bin');
  });
});

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { KnownModality } from '../core/types.ts';
import { logMelBatch } from '../frontends/log-mel.ts';
import { readNpy, writeNpy } from '../frontends/npy.ts';
import { parseFrontEnd } from '../frontends/recipe.ts';
import { preprocess } from './preprocess.ts';

const folder = mkdtempSync(join(tmpdir(), 'edgebind-preprocess-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fileOf = (name: string, content: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const mini = fileURLToPath(new URL('../../models/mini', import.meta.url));

/** 16-bit PCM, one channel. */
function wav(samples: Int16Array, rateHz: number): Buffer {
  const head = Buffer.alloc(44);
  head.write('RIFF');
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rateHz, 24);
  head.writeUInt32LE(rateHz * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}
const tone = (count: number, rateHz: number): Int16Array =>
  Int16Array.from({ length: count }, (_, t) => 9000 * Math.sin((2 * Math.PI * 700 * t) / rateHz));

async function run(modality: KnownModality, file: string, from: { model?: string; frontend?: string }) {
  const said = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof said) =>
    new Writable({
      write: (chunk: Buffer, _, done) => {
        said[name] += chunk.toString();
        done();
      },
    });
  const npy = join(folder, 'out.npy');
  await preprocess(file, { modality, npy, ...from }, { stdout: sink('stdout'), stderr: sink('stderr') });
  const { shape, data } = readNpy(readFileSync(npy));
  expect(JSON.parse(said.stdout)).toEqual({ npy, shape, dtype: 'float32' });
  return { shape, data, stderr: said.stderr };
}

describe('preprocess', () => {
  it('takes a wav at its own rate sample by sample', async () => {
    const samples = tone(40_000, 16_000);
    const fragment = { kind: 'log-mel', preset: 'imagebind' };
    const { shape, data } = await run('audio', fileOf('tone.wav', wav(samples, 16_000)), { frontend: JSON.stringify(fragment) });
    expect(shape).toEqual([1, 128, 204]);
    const sound = { kind: 'pcm', rateHz: 16_000, data: Float32Array.from(samples, (v) => v / 32_768) } as const;
    expect(data).toEqual(logMelBatch(sound, parseFrontEnd(fragment)).data);
  });

  it('resamples other rates without moving them', async () => {
    const frontend = fileOf('wave.json', '{"kind": "waveform", "rateHz": 16000, "seconds": 1}');
    const { data } = await run('audio', fileOf('fast.wav', wav(tone(44_100, 44_100), 44_100)), { frontend });
    const wanted = tone(16_000, 16_000);
    const errors = Array.from(data.subarray(500, 15_500), (v, i) => Math.abs(v - (wanted[i + 500] ?? NaN) / 32_768));
    expect(Math.max(...errors)).toBeLessThan(1e-3);
  });

  it('takes motion as CSV and as JSON lines, and names the lines that are no row', async () => {
    const csv = fileOf('motion.csv', 't_ms,ax,ay,az,gx,gy,gz\n0,1,2,3,4,5,6\n10,1,2,3,4,5,nan\nx,1,2,3,4,5,6\n1,2\n20,3,2,3,4,5,8\n');
    const lines = [0, 20].map((ms) => JSON.stringify({ timeUs: ms * 1000, acc: [1 + ms / 10, 2, 3], gyro: [4, 5, 6 + ms / 10] }));
    const json = fileOf('motion.jsonl', `${lines.join('\n')}\n{"timeUs": 3}\n[]\nnull\n`);
    const from = { frontend: '{"kind": "imu", "rateHz": 100, "seconds": 0.02}' };
    const first = await run('imu', csv, from);
    expect([first.shape, [...first.data]]).toEqual([
      [6, 2],
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7],
    ]);
    expect(first.stderr).toContain('line 4: t_ms is "x"');
    expect(first.stderr).toContain('line 5: 2 fields');
    const second = await run('imu', json, from);
    expect([...second.data]).toEqual([1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7]);
    expect(second.stderr).toContain('line 3: acc');
  });

  it('takes a bundle, and pictures of each sense', async () => {
    const picture = await sharp({ create: { width: 60, height: 40, channels: 3, background: '#a05020' } })
      .jpeg()
      .toBuffer();
    expect((await run('image', fileOf('a.jpg', picture), { model: mini })).shape).toEqual([3, 224, 224]);
    const grey = await sharp(new Uint16Array(64 * 64).fill(30_000), { raw: { width: 64, height: 64, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    const heat = await run('thermal', fileOf('heat.png', grey), { frontend: '{"kind": "thermal", "preset": "imagebind-thermal"}' });
    expect([heat.shape, heat.data[0]]).toEqual([[1, 224, 224], expect.closeTo(26.85 / 50, 5)]);
    const map = writeNpy({ shape: [8, 8], data: new Float32Array(64).fill(25) });
    const warm = await run('thermal', fileOf('heat.npy', map), { frontend: '{"kind": "thermal", "preset": "imagebind-thermal"}' });
    expect(warm.data[0]).toBeCloseTo(0.5, 6);
  });

  const ast = '{"kind": "log-mel", "preset": "ast"}';
  it.each<[string, KnownModality, string, { model?: string; frontend?: string }, string, boolean]>([
    ['a missing file', 'audio', join(folder, 'nowhere.wav'), { frontend: ast }, 'nowhere.wav', true],
    ['an unknown preset', 'audio', 'a.wav', { frontend: '{"kind": "log-mel", "preset": "yamnett"}' }, 'did you mean "yamnet"?', true],
    ['broken JSON', 'audio', 'a.wav', { frontend: '{"kind": ' }, 'is no JSON', true],
    ['a front end of another sense', 'imu', 'a.csv', { frontend: ast }, 'makes no input for imu', true],
    ['both a model and a front end', 'imu', 'a.csv', { frontend: ast, model: mini }, 'not both', true],
    ['garbage for sound', 'audio', fileOf('bad.wav', 'no sound at all'), { frontend: ast }, 'Invalid data', true],
    ['less than a frame', 'audio', fileOf('short.wav', wav(tone(300, 16_000), 16_000)), { frontend: ast }, 'less than one frame', false],
    [
      'NaN',
      'audio',
      fileOf('nan.npy', writeNpy({ shape: [800], data: new Float32Array(800).fill(NaN) })),
      { frontend: ast },
      'sample 0',
      false,
    ],
    ['an empty picture', 'image', fileOf('none.png', ''), { model: mini }, 'cannot be decoded', false],
    ['no row', 'imu', fileOf('none.csv', 'a\nb\n'), { model: mini }, 'not one row', false],
  ])('refuses %s', async (_, modality, file, from, words, isUsage) => {
    const error: unknown = await run(modality, file, from).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(EdgeBindError);
    expect(error instanceof UsageError).toBe(isUsage);
    expect((error as Error).message).toContain(words);
  });
});

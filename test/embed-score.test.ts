import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cat } from '../devices/simulator/pictures/cat.ts';
import { readNpy } from '../src/frontends/npy.ts';

const cli = fileURLToPath(new URL('../bin/edgebind.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'edgebind-embed-'));
const at = (name: string): string => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

/** The installed program, in a folder of its own: `models/mini` must be found all the same. */
const edgebind = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { cwd: folder, encoding: 'utf8' });
const jsonLines = (text: string): Record<string, unknown>[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Three seconds of motion at 100 Hz. */
const motion = (): string =>
  ['t_ms,ax,ay,az,gx,gy,gz', ...Array.from({ length: 300 }, (_, i) => `${1000 + i * 10},${Math.sin(i / 8)},0,9.8,0,0.1,0`)].join('\n');

beforeAll(async () => {
  const wall = { create: { width: 480, height: 440, channels: 3, background: '#c9b79c' } } as const;
  await sharp(wall).jpeg().toFile(at('wall.jpg'));
  await sharp(wall)
    .composite([{ input: cat(0) }])
    .png()
    .toFile(at('cat.png'));
  writeFileSync(at('wrist.csv'), motion());
  writeFileSync(at('broken.jpg'), readFileSync(at('wall.jpg')).subarray(0, 40));
  await sharp(new Uint16Array(64 * 64).fill(1500), { raw: { width: 64, height: 64, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toFile(at('map.png'));
});

describe('edgebind embed', () => {
  it('prints one unit vector for a picture and a text, one for each window of motion, in the order given', () => {
    const { stdout, status } = edgebind('embed', 'wall.jpg', 'wrist.csv', '--text', 'a cat');
    expect(status).toBe(0);
    const lines = jsonLines(stdout);
    expect(lines.map(({ file, text, modality, startUs, endUs }) => [file, text, modality, startUs, endUs])).toEqual([
      [null, 'a cat', 'text', null, null],
      ['wall.jpg', undefined, 'image', null, null],
      ['wrist.csv', undefined, 'imu', 1_000_000, 2_280_000],
      ['wrist.csv', undefined, 'imu', 1_500_000, 2_780_000],
      ['wrist.csv', undefined, 'imu', 2_000_000, 3_280_000],
      ['wrist.csv', undefined, 'imu', 2_500_000, 3_780_000],
    ]);
    expect(new Set(lines.map(({ space }) => space)).size).toBe(1);
    for (const { vector } of lines) expect(Math.hypot(...(vector as number[]))).toBeCloseTo(1, 5);
  });

  it('takes as many files as a command line holds', () => {
    const files = Array.from({ length: 400 }, (_, i) => `${'./'.repeat(60 + (i % 7))}wrist.csv`);
    expect(edgebind('embed', ...files, '--npy', 'all.npy').status).toBe(0);
    expect(readNpy(readFileSync(at('all.npy'))).shape[0]).toBe(4 * files.length);
  });

  it('writes the same vectors as .npy', () => {
    const { stdout } = edgebind('embed', 'wrist.csv', '--npy', 'out.npy');
    const printed = jsonLines(edgebind('embed', 'wrist.csv').stdout).map(({ vector }) => vector as number[]);
    const { shape, data } = readNpy(readFileSync(at('out.npy')));
    expect(JSON.parse(stdout)).toEqual({ npy: 'out.npy', shape, dtype: 'float32' });
    expect(shape).toEqual([4, printed[0]?.length]);
    expect([...data]).toEqual(printed.flat());
  });

  it('names files that make no vector, goes on with the others, and ends with 1', () => {
    const { stdout, stderr, status } = edgebind('embed', 'broken.jpg', 'nowhere.jpg', 'wall.jpg');
    expect(status).toBe(1);
    expect(jsonLines(stdout).map(({ file }) => file)).toEqual(['wall.jpg']);
    expect(stderr).toContain('broken.jpg: ');
    expect(stderr).toContain('nowhere.jpg');
  });

  it.each([
    [['embed'], 'nothing to embed'],
    [['embed', 'map.png'], 'map.png: its name does not say what it holds; add --modality'],
    [['embed', '--text', ' '], 'at least one word'],
    [['embed', 'wall.jpg', '--model', 'no-such'], 'no-such'],
    [['score', 'wall.jpg', '--text', ' ; '], '0 prompts'],
  ])('ends with 2 for %j', (args, words) => {
    const { status, stderr } = edgebind(...args);
    expect([status, stderr]).toEqual([2, expect.stringContaining(words)]);
  });
});

describe('edgebind score', () => {
  it('gives the drawn cat to the words for a cat, in a table and as JSON', () => {
    const args = ['score', 'cat.png', '--text', 'a cat; a car;a volcano'];
    const [row] = jsonLines(edgebind(...args, '--json').stdout) as [{ scores: { text: string; score: number; peak: number }[] }];
    const scores = row.scores.map(({ score }) => score);
    expect(row.scores.map(({ text }) => text)).toEqual(['a cat', 'a car', 'a volcano']);
    expect(scores[0]).toBe(Math.max(...scores));
    const [head, line] = edgebind(...args).stdout.split('\n');
    expect(head?.split(/\s{2,}/)).toEqual(['file', 'a cat', 'a car', 'a volcano']);
    expect(line?.split(/\s+/)[1]).toBe(`*${scores[0]?.toFixed(3)}`);
  });
});

import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { writeFusionBundle } from '../../test/helpers/fusion-bundle.ts';
import { linearModel } from '../../test/helpers/onnx-writer.ts';
import { writeTestBundle } from '../../test/helpers/test-bundle.ts';
import { UsageError } from '../core/errors.ts';
import { openBundle } from './bundle.ts';
import { canonicalJson } from './canonical-json.ts';
import { externalData } from './external-data.ts';

const folders: string[] = [];
afterAll(async () => {
  for (const dir of folders) await rm(dir, { recursive: true, force: true });
});

async function bundle(...args: Parameters<typeof writeTestBundle>): Promise<string> {
  const dir = await writeTestBundle(...args);
  folders.push(dir);
  return dir;
}

/** A bundle whose manifest is changed by replacing text. */
async function changed(from: string | RegExp, to: string): Promise<string> {
  const dir = await bundle({ imu: {} });
  const file = join(dir, 'manifest.yaml');
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(from);
  await writeFile(file, text.replace(from, to));
  return dir;
}

const failure = async (dir: string): Promise<UsageError> => {
  const error: unknown = await openBundle(dir).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(UsageError);
  return error as UsageError;
};

describe('openBundle', () => {
  it('opens a bundle and names its space by what decides a vector', async () => {
    const one = await openBundle(await bundle({ imu: {}, audio: {} }));
    expect(one.space.id).toMatch(/^[0-9a-f]{20}$/);
    expect([...one.entries.keys()]).toEqual(['audio', 'imu']);
    expect(one.entries.get('audio')?.frontEnd).toMatchObject({ kind: 'log-mel', mels: 64, rateHz: 16_000 });
    const same = await openBundle(await bundle({ audio: {}, imu: {} }));
    expect(same.space.id).toBe(one.space.id);
    const otherWeights = await openBundle(await bundle({ audio: {}, imu: { seed: 2 } }));
    expect(otherWeights.space.id).not.toBe(one.space.id);
  });

  it('another front end is another space, another name or licence is not', async () => {
    const { space } = await openBundle(await bundle({ imu: {} }));
    expect((await openBundle(await changed('maxGapMs: 100', 'maxGapMs: 200'))).space.id).not.toBe(space.id);
    const sure = await openBundle(await changed('output: embedding', 'output: embedding\n    confidence: sureness'));
    expect(sure.space.id).not.toBe(space.id);
    expect(sure.entries.get('imu')?.confidence).toBe('sureness');
    expect((await openBundle(await changed('name: test\nversion: 1.0.0', 'name: other\nversion: 2.0.0'))).space.id).toBe(space.id);
    // What a default fills in is the same as what is written out.
    expect((await openBundle(await changed(', gaps: linear', ''))).space.id).toBe(space.id);
  });

  it('says where there is no bundle', async () => {
    expect(await failure(join(tmpdir(), 'no-such-bundle'))).toMatchObject({ code: 'BUNDLE_MISSING' });
  });

  it.each([
    [
      'an unknown key',
      'output: embedding',
      'ouptut: embedding',
      /manifest\.yaml:\d+:\d+ modalities\.imu\.ouptut: unknown key; did you mean "output"/,
    ],
    ['a wrong type', 'shape: [6, 64]', 'shape: six', /manifest\.yaml:\d+:\d+ modalities\.imu\.input\.shape/],
    ['another format', 'edgebind: 1', 'edgebind: 2', /manifest\.yaml:1:\d+ edgebind: must be 1/],
    ['no hash', /sha256: \w+/, 'sha256: abc', /modalities\.imu\.sha256: must be a sha256/],
    ['a bad front end', 'gaps: linear', 'gaps: cubic', /manifest\.yaml:13:\d+ modalities\.imu\.frontEnd/],
    [
      'a front end of another sense',
      /\{kind: imu.*\}/,
      '{kind: waveform, rateHz: 16000, seconds: 1}',
      /"waveform" makes no input for imu; use imu/,
    ],
    ['no modality', /modalities:[^]*/, 'modalities: {}', /needs at least one modality/],
    ['broken YAML', 'space: {', 'space: {{', /manifest\.yaml:\d+:\d+/],
  ])('names file, line and path for %s', async (_, from, to, message) => {
    const error = await failure(await changed(from, to));
    expect(error.code).toBe('INVALID_CONFIG');
    expect(error.message).toMatch(message);
  });

  it('refuses a graph that is not the one that was verified', async () => {
    const dir = await bundle({ imu: {} });
    await writeFile(join(dir, 'imu.onnx'), linearModel({ shape: [6, 64], dim: 32, seed: 99 }));
    expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_HASH' });
  });

  it.each(['../imu.onnx', '/etc/passwd', 'sub/../../imu.onnx', '.', 'a\\0b'])('refuses the path %s', async (path) => {
    const error = await failure(await changed('graph: imu.onnx', `graph: "${path}"`));
    expect(['BUNDLE_PATH']).toContain(error.code);
    expect(error.message).toContain('modalities.imu.graph');
  });

  it('refuses a symbolic link that leads out, and follows one that stays inside', async () => {
    const dir = await bundle({ imu: {} });
    const outside = await bundle({ imu: {} });
    await rm(join(dir, 'imu.onnx'));
    await symlink(join(outside, 'imu.onnx'), join(dir, 'imu.onnx'));
    expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_PATH' });
    await rm(join(dir, 'imu.onnx'));
    await mkdir(join(dir, 'graphs'));
    await writeFile(join(dir, 'graphs', 'it.onnx'), linearModel({ shape: [6, 64], dim: 32 }));
    await symlink(join('graphs', 'it.onnx'), join(dir, 'imu.onnx'));
    await expect(openBundle(dir)).resolves.toBeTruthy();
  });

  it('says which file is missing', async () => {
    const error = await failure(await changed('graph: imu.onnx', 'graph: wrist.onnx'));
    expect(error).toMatchObject({ code: 'BUNDLE_FILE_MISSING' });
    expect(error.message).toContain('wrist.onnx');
  });

  it('refuses a truncated graph', async () => {
    const whole = linearModel({ shape: [6, 64], dim: 32 });
    for (const length of [0, 1, 10, whole.length >> 1, whole.length - 1]) {
      const part = whole.subarray(0, length);
      const dir = await changed(/sha256: \w+/, `sha256: ${createHash('sha256').update(part).digest('hex')}`);
      await writeFile(join(dir, 'imu.onnx'), part);
      expect(await failure(dir)).toMatchObject({ code: 'BROKEN_GRAPH' });
    }
  });

  it('takes external weights only from inside, listed and with their hash', async () => {
    const weights = Buffer.from('the weights');
    const hash = createHash('sha256').update(weights).digest('hex');
    const listed = `    data: [{file: imu.data, sha256: ${hash}}]\n    output: embedding`;
    for (const external of ['imu.data', '../imu.data', '/tmp/imu.data']) {
      const dir = await bundle({ imu: { external } });
      expect(await externalData(join(dir, 'imu.onnx'))).toEqual([external]);
      const inside = external === 'imu.data';
      expect((await failure(dir)).code).toBe(inside ? 'BUNDLE_FILE_MISSING' : 'BUNDLE_PATH');
      if (!inside) continue;
      await writeFile(join(dir, 'imu.data'), weights);
      expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_HASH', message: expect.stringContaining('not listed') as string });
      const file = join(dir, 'manifest.yaml');
      await writeFile(file, (await readFile(file, 'utf8')).replace('    output: embedding', listed));
      await expect(openBundle(dir)).resolves.toBeTruthy();
      await writeFile(join(dir, 'imu.data'), 'other weights');
      expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_HASH' });
    }
  });

  it('checks the weights that onnxruntime will read: those beside the graph, not a namesake beside the manifest', async () => {
    const weights = 'the weights that were verified';
    const hash = createHash('sha256').update(weights).digest('hex');
    const dir = await changed('    output: embedding', `    data: [{file: imu.data, sha256: ${hash}}]\n    output: embedding`);
    const graph = linearModel({ shape: [6, 64], dim: 32, external: 'imu.data' });
    const file = join(dir, 'manifest.yaml');
    const text = (await readFile(file, 'utf8')).replace('graph: imu.onnx', 'graph: graphs/imu.onnx');
    await writeFile(file, text.replace(/sha256: \w+/, `sha256: ${createHash('sha256').update(graph).digest('hex')}`));
    await mkdir(join(dir, 'graphs'));
    await writeFile(join(dir, 'graphs', 'imu.onnx'), graph);
    await writeFile(join(dir, 'imu.data'), weights);
    expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_FILE_MISSING' });
    await writeFile(join(dir, 'graphs', 'imu.data'), 'other weights');
    const error = await failure(dir);
    expect(error).toMatchObject({ code: 'BUNDLE_HASH' });
    expect(error.message).toContain('add {file: graphs/imu.data');
    await rm(join(dir, 'graphs', 'imu.data'));
    await symlink(join(dir, 'imu.data'), join(dir, 'graphs', 'imu.data'));
    await expect(openBundle(dir)).resolves.toBeTruthy();
  });

  it('refuses external weights that a symbolic link takes from outside', async () => {
    const dir = await bundle({ imu: { external: 'imu.data' } });
    const outside = await bundle({ imu: {} });
    await symlink(join(outside, 'imu.onnx'), join(dir, 'imu.data'));
    expect(await failure(dir)).toMatchObject({ code: 'BUNDLE_PATH' });
  });
});

describe('canonicalJson', () => {
  it('does not depend on the order of keys, and leaves undefined out', () => {
    expect(canonicalJson({ b: [1, { d: null, c: 'x' }], a: undefined })).toBe('{"b":[1,{"c":"x","d":null}]}');
  });
});

describe('openBundle with a fusion graph', () => {
  const staged = async (from: string | RegExp = '', to = ''): Promise<string> => {
    const dir = await writeFusionBundle({
      edit: (text) => {
        expect(text).toMatch(from);
        return text.replace(from, to);
      },
    });
    folders.push(dir);
    return dir;
  };
  const stage = (name: string, takes: string): string =>
    `      - {name: ${name}, graph: image-tokens.onnx, sha256: ${'a'.repeat(64)}, inputs: {features: ${takes}}, output: tokens}\n`;

  it('opens it, and everything that decides its vectors decides its space', async () => {
    const { fusion, entries, space } = await openBundle(await staged());
    expect(fusion).toMatchObject({ width: 8, mask: { dtype: 'float32', present: 1, absent: 0 }, modalities: { text: { keep: 4 } } });
    expect(entries.get('image')).toMatchObject({ tokens: { perWindow: 1 }, stages: [{ name: 'tokens', inputs: { features: 'graph' } }] });
    for (const [from, to] of [
      ['keep: 6', 'keep: 7'],
      ['keepMs: 60000', 'keepMs: 61000'],
      ['width: 8', 'width: 9'],
      ['window: {kind: frame}', 'window: {kind: frame, everyMs: 1000}'],
      ['  width', '  mask: {present: 2}\n  width'],
    ] as const)
      expect((await openBundle(await staged(from, to))).space.id).not.toBe(space.id);
    expect((await openBundle(await staged('  width', '  mask: {dtype: float32}\n  width'))).space.id).toBe(space.id);
  });

  it.each([
    [
      'a cycle',
      /stages:\n.*image-tokens.*\n/,
      `stages:\n${stage('a', 'b')}${stage('b', 'a')}${stage('c', 'graph')}`,
      /manifest\.yaml:\d+:\d+ modalities\.image\.stages\[0\]\.inputs\.features: a cycle: a takes from b takes from a; "a" can take from: graph/,
    ],
    [
      'a stage of itself',
      'inputs: {features: graph}',
      'inputs: {features: tokens}',
      /stages\[0\]\.inputs\.features: a cycle: tokens takes from tokens/,
    ],
    [
      'stages in the wrong order',
      /stages:\n.*image-tokens.*\n/,
      `stages:\n${stage('a', 'b')}${stage('b', 'graph')}`,
      /stages\[0\]\.inputs\.features: "b" comes after "a", and stages run in the order of the list; move it up/,
    ],
    [
      'a dangling stage',
      /stages:\n.*image-tokens.*\n/,
      `stages:\n${stage('a', 'graph')}${stage('b', 'graph')}`,
      /manifest\.yaml:\d+:\d+ modalities\.image\.stages\[0\]: stage "a" is dangling: nothing takes its output/,
    ],
    [
      'a first graph that nobody takes from',
      'inputs: {features: graph}',
      'inputs: {features: a}',
      /no stage is named "a"; "tokens" can take from: graph[^]*the first graph is dangling/,
    ],
    [
      'two stages of one name',
      /stages:\n.*image-tokens.*\n/,
      `stages:\n${stage('a', 'graph')}${stage('a', 'graph')}`,
      /two stages are named "a"/,
    ],
    ['a stage named graph', 'name: tokens', 'name: graph', /stages\[0\]\.name: "graph" names the modality's first graph/],
    [
      'tokens without a fusion graph that takes them',
      / {4}image: \{input: image.*\n/,
      '',
      /modalities\.image\.tokens: tokens need a fusion graph/,
    ],
    [
      'a fusion graph of a modality without tokens',
      / {4}tokens: \{perWindow: 1\}\n/,
      '',
      /fusion\.modalities\.image: modalities\.image gives no tokens/,
    ],
    [
      'a ring shorter than a window',
      'perWindow: 3',
      'perWindow: 7',
      /fusion\.modalities\.audio\.keep: must be at least the 7 tokens of one window/,
    ],
    [
      'an input named twice',
      'mask: audioMask',
      'mask: audio',
      /fusion\.modalities\.audio\.mask: "audio" is fusion\.modalities\.audio\.input already/,
    ],
    ['an unknown key', '  width: 8', '  widht: 8', /fusion\.widht: unknown key; did you mean "width"/],
    [
      'another file',
      /graph: fusion\.onnx\n {2}sha256: \w+/,
      `graph: fusion.onnx\n  sha256: ${'a'.repeat(64)}`,
      /fusion\.graph: .*has sha256/,
    ],
    ['a stage outside the folder', 'graph: image-tokens.onnx', 'graph: ../image-tokens.onnx', /modalities\.image\.stages\[0\]\.graph/],
  ])('refuses %s', async (_, from, to, message) => {
    expect((await failure(await staged(from, to))).message).toMatch(message);
  });
});

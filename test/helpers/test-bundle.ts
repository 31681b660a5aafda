import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linearModel, type LinearOptions } from './onnx-writer.ts';

export const TEST_DIM = 32;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const FRAGMENTS = {
  image: {
    shape: [3, 16, 16],
    window: '{kind: frame}',
    frontEnd:
      '{kind: image, size: 16, resize: squash, resample: bilinear, scale: 0.00392156862745098, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5]}',
  },
  /** Four numbers: it sees next to nothing. */
  thermal: {
    shape: [1, 2, 2],
    window: '{kind: frame}',
    frontEnd: '{kind: thermal, size: 2, lowC: 0, highC: 100, channels: 1}',
  },
  audio: {
    shape: [96, 64],
    window: '{kind: sliding, sizeMs: 975, hopMs: 480, minCoverage: 0.9}',
    frontEnd: '{kind: log-mel, preset: yamnet}',
  },
  imu: {
    shape: [6, 64],
    window: '{kind: sliding, sizeMs: 1280, hopMs: 500, minCoverage: 0.8}',
    frontEnd: '{kind: imu, rateHz: 50, seconds: 1.28, gaps: linear, maxGapMs: 100}',
  },
} as const;

export type TestModality = keyof typeof FRAGMENTS;

/** Input shape of a test bundle's graph. */
export const testShape = (modality: TestModality): readonly number[] => FRAGMENTS[modality].shape;

/** Writes a bundle of small random graphs into a new folder under the system's temporary one; returns the folder. */
export async function writeTestBundle(
  modalities: Partial<Record<TestModality, Partial<LinearOptions> & { readonly features?: boolean }>>,
): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'edgebind-bundle-'));
  await mkdir(dir, { recursive: true });
  let text = `edgebind: 1\nname: test\nversion: 1.0.0\nlicence: Apache-2.0\nspace: {name: test, dim: ${TEST_DIM}}\nmodalities:\n`;
  for (const [key, options] of Object.entries(modalities)) {
    const { shape, window, frontEnd } = FRAGMENTS[key as TestModality];
    const bytes = linearModel({ shape, dim: TEST_DIM, ...options });
    await writeFile(join(dir, `${key}.onnx`), bytes);
    text += `  ${key}:\n    graph: ${key}.onnx\n    sha256: ${sha256(bytes)}\n`;
    text += `    input: {name: input, shape: [${shape.join(', ')}], dtype: float32}\n    output: embedding\n`;
    if (options.features)
      text += `    features: {tensor: flat, size: ${testShape(key as TestModality).reduce((product, size) => product * size, 1)}}\n`;
    if (options.confidence) text += '    confidence: confidence\n';
    text += `    window: ${window}\n    frontEnd: ${frontEnd}\n`;
  }
  await writeFile(join(dir, 'manifest.yaml'), text);
  return dir;
}

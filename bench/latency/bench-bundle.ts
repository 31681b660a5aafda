import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onnxModel, type Node, type Weights } from '../../src/encoders/onnx/onnx-model.ts';

/** The senses of the load, with what their encoders take and how many layers make them last. */
export const SENSES = {
  image: {
    shape: [3, 224, 224],
    layers: 30,
    window: { kind: 'frame' },
    frontEnd: { kind: 'image', preset: 'clip', resize: 'squash', mean: [0.481, 0.458, 0.408], std: [0.269, 0.261, 0.276] },
  },
  audio: {
    shape: [1, 128, 204],
    layers: 20,
    window: { kind: 'sliding', sizeMs: 2000, hopMs: 500, minCoverage: 0.5 },
    frontEnd: { kind: 'log-mel', preset: 'imagebind' },
  },
  thermal: {
    shape: [1, 32, 24],
    layers: 4,
    window: { kind: 'frame' },
    frontEnd: { kind: 'thermal', size: 32, width: 24, channels: 1, lowC: 0, highC: 60 },
  },
  imu: {
    shape: [6, 1000],
    layers: 8,
    window: { kind: 'sliding', sizeMs: 5000, hopMs: 500, minCoverage: 0.5 },
    frontEnd: { kind: 'imu', rateHz: 200, seconds: 5 },
  },
} as const;

export type BenchSense = keyof typeof SENSES;
export const senses: readonly BenchSense[] = ['image', 'audio', 'thermal', 'imu'];

const NARROW = 16;
const WIDE = 1024;
const DIM = 512;

/**
 * Writes a bundle of graphs that mean nothing and cost something: one product down, `layers` of 1024 x 1024 (about 0.3 ms each), one
 * up to 512, to unit length. No download, the same bytes each time.
 */
export async function writeBenchBundle(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const modalities: Record<string, object> = {};
  for (const sense of senses) {
    const { shape, layers, window, frontEnd } = SENSES[sense];
    const model = graph(shape, layers);
    await writeFile(join(folder, `${sense}.onnx`), model);
    modalities[sense] = {
      graph: `${sense}.onnx`,
      sha256: createHash('sha256').update(model).digest('hex'),
      input: { name: 'input', shape, dtype: 'float32' },
      output: 'embedding',
      window,
      frontEnd,
    };
  }
  // JSON is YAML.
  await writeFile(
    join(folder, 'manifest.yaml'),
    JSON.stringify({ edgebind: 1, name: 'bench', version: '1', licence: 'none', space: { name: 'bench', dim: DIM }, modalities }),
  );
}

function graph(shape: readonly number[], layers: number): Uint8Array {
  const weights: Weights[] = [];
  const nodes: Node[] = [{ op: 'Flatten', inputs: ['input'], output: 'flat', ints: { axis: 1 } }];
  let [at, columns] = ['flat', shape.reduce((product, n) => product * n, 1)];
  const multiply = (rows: number, name: string): void => {
    if (!weights.some((known) => known.name === name))
      weights.push({ name, dims: [columns, rows], data: noise(columns * rows, weights.length, Math.sqrt(3 / columns)) });
    const output = `n${nodes.length}`;
    nodes.push({ op: 'MatMul', inputs: [at, name], output });
    [at, columns] = [output, rows];
  };
  multiply(NARROW, 'down');
  multiply(WIDE, 'wide');
  for (let layer = 0; layer < layers; layer++) multiply(WIDE, 'square');
  multiply(DIM, 'up');
  nodes.push({ op: 'LpNormalization', inputs: [at], output: 'embedding', ints: { axis: 1, p: 2 } });
  return onnxModel({
    inputs: [{ name: 'input', dims: ['batch', ...shape] }],
    outputs: [{ name: 'embedding', dims: ['batch', DIM] }],
    nodes,
    weights,
  });
}

function noise(length: number, seed: number, size: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 31 - 1) * size;
  });
}

/** Small real ONNX files, so that tests need neither Python nor downloads. */
import { onnxModel, type Node, type Weights } from '../../src/encoders/onnx/onnx-model.ts';

/** Numbers in -1..1 that look random and are always the same. */
export function noise(length: number, seed: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

export interface LinearOptions {
  readonly shape: readonly number[];
  readonly dim: number;
  readonly seed?: number;
  /** Extra square layers, all with the same weights, to make a call last longer: about 0.3 ms each at the default width. */
  readonly layers?: number;
  /** Width of the extra layers. Default 1024. */
  readonly width?: number;
  readonly normalised?: boolean;
  /** Same answer to every input. */
  readonly collapsed?: boolean;
  /** Inputs beyond about 1 all give the answer of 1. */
  readonly saturating?: boolean;
  /** Items of one call see each other: each adds the ones before it to itself. */
  readonly mixing?: boolean;
  /** Square roots of negative numbers: NaN. */
  readonly notFinite?: boolean;
  readonly external?: string;
  /** A second output `confidence` [batch, 1]: the sigmoid of the input's mean, or, where it is to be wrong, 2 more. */
  readonly confidence?: 'right' | 'wrong';
}

/** A graph `embedding = normalise(flatten(input) x W ...)`, input `input` [batch, ...shape]. */
export function linearModel({
  shape,
  dim,
  seed = 1,
  layers = 0,
  width = 1024,
  normalised = true,
  collapsed = false,
  saturating = false,
  mixing = false,
  notFinite = false,
  external,
  confidence,
}: LinearOptions): Uint8Array {
  const size = shape.reduce((product, n) => product * n, 1);
  const weights: Weights[] = [];
  const nodes: Node[] = [{ op: 'Flatten', inputs: ['input'], output: 'flat', ints: { axis: 1 } }];
  let [at, columns] = ['flat', size];
  if (saturating) {
    nodes.push({ op: 'Tanh', inputs: [at], output: 'squashed' });
    at = 'squashed';
  }
  const multiply = (output: string, rows: number, name: string): void => {
    if (!weights.some((known) => known.name === name)) {
      // Uniform noise has variance 1/3: this keeps the size of the signal through many layers.
      const data = noise(columns * rows, seed + weights.length).map((value) => value * Math.sqrt(3 / columns));
      weights.push({ name, dims: [columns, rows], data, ...(external !== undefined && weights.length === 0 && { external }) });
    }
    nodes.push({ op: 'MatMul', inputs: [at, name], output });
    [at, columns] = [output, rows];
  };
  if (layers > 0) multiply('wide', width, 'w-in');
  for (let layer = 0; layer < layers; layer++) multiply(`h${layer}`, width, 'w-square');
  multiply('product', dim, 'w-out');
  if (mixing) {
    weights.push({ name: 'first-axis', dims: [], data: BigInt64Array.of(0n) });
    nodes.push({ op: 'CumSum', inputs: [at, 'first-axis'], output: 'mixed' });
    at = 'mixed';
  }
  if (notFinite) {
    nodes.push({ op: 'Sqrt', inputs: [at], output: 'roots' });
    at = 'roots';
  }
  if (collapsed) {
    weights.push({ name: 'zero', dims: [1], data: new Float32Array(1) }, { name: 'bias', dims: [dim], data: noise(dim, 9) });
    nodes.push({ op: 'Mul', inputs: [at, 'zero'], output: 'nothing' }, { op: 'Add', inputs: ['nothing', 'bias'], output: 'sum' });
    at = 'sum';
  }
  nodes.push(
    normalised
      ? { op: 'LpNormalization', inputs: [at], output: 'embedding', ints: { axis: 1, p: 2 } }
      : { op: 'Identity', inputs: [at], output: 'embedding' },
  );
  if (confidence) {
    weights.push({ name: 'more', dims: [1], data: Float32Array.of(confidence === 'wrong' ? 2 : 0) });
    nodes.push(
      { op: 'ReduceMean', inputs: ['flat'], output: 'mean', ints: { keepdims: 1 }, lists: { axes: [1] } },
      { op: 'Sigmoid', inputs: ['mean'], output: 'share' },
      { op: 'Add', inputs: ['share', 'more'], output: 'confidence' },
    );
  }
  return onnxModel({
    inputs: [{ name: 'input', dims: ['batch', ...shape] }],
    outputs: [{ name: 'embedding', dims: ['batch', dim] }, ...(confidence ? [{ name: 'confidence', dims: ['batch', 1] }] : [])],
    nodes,
    weights,
  });
}

/** Writes small real ONNX files, so that tests need neither Python nor downloads. Field numbers are those of onnx.proto. */

type Bytes = Uint8Array;

function varint(value: number): Bytes {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

const int = (field: number, value: number): Bytes => Buffer.concat([varint(field * 8), varint(value)]);
const bytes = (field: number, value: Bytes): Bytes => Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
const text = (field: number, value: string): Bytes => bytes(field, Buffer.from(value));
const message = (field: number, ...parts: readonly Bytes[]): Bytes => bytes(field, Buffer.concat(parts));

const FLOAT = 1;
const INT64 = 7;

const valueInfo = (field: number, name: string, type: number, dims: readonly (number | string)[]): Bytes => {
  const shape = dims.map((dim) => message(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  return message(field, text(1, name), message(2, message(1, int(1, type), message(2, ...shape))));
};

export interface Weights {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
  /** Name of the external file that holds the data. */
  readonly external?: string;
}

const tensor = ({ name, dims, data, external }: Weights): Bytes => {
  const head = [...dims.map((dim) => int(1, dim)), int(2, data instanceof Float32Array ? FLOAT : INT64), text(8, name)];
  if (external === undefined) return message(5, ...head, bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  return message(5, ...head, message(13, text(1, 'location'), text(2, external)), int(14, 1));
};

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly ints?: Readonly<Record<string, number>>;
}

const node = ({ op, inputs, output, ints = {} }: Node): Bytes =>
  message(
    1,
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(4, op),
    ...Object.entries(ints).map(([name, value]) => message(5, text(1, name), int(3, value), int(20, 2))),
  );

export interface Graph {
  readonly inputs: readonly { readonly name: string; readonly dims: readonly (number | string)[]; readonly type?: 'float32' | 'int64' }[];
  readonly output: { readonly name: string; readonly dims: readonly (number | string)[] };
  readonly nodes: readonly Node[];
  readonly weights: readonly Weights[];
}

/** The bytes of a model file, opset 17. */
export function onnxModel({ inputs, output, nodes, weights }: Graph): Uint8Array {
  const graph = message(
    7,
    ...nodes.map(node),
    text(2, 'test'),
    ...weights.map(tensor),
    ...inputs.map(({ name, dims, type }) => valueInfo(11, name, type === 'int64' ? INT64 : FLOAT, dims)),
    valueInfo(12, output.name, FLOAT, output.dims),
  );
  return Buffer.concat([int(1, 8), graph, message(8, int(2, 17))]);
}

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
  return onnxModel({
    inputs: [{ name: 'input', dims: ['batch', ...shape] }],
    output: { name: 'embedding', dims: ['batch', dim] },
    nodes,
    weights,
  });
}

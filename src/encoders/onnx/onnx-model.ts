import { bytes, int, message, text, type Bytes } from './protobuf.ts';

/** Writes small ONNX files. Field numbers are those of onnx.proto. */

const FLOAT = 1;
const INT64 = 7;

const valueInfo = (field: number, name: string, type: number, dims: readonly (number | string)[]): Bytes => {
  const shape = dims.map((dim) => message(1, typeof dim === 'number' ? int(1, dim) : text(2, dim)));
  return message(field, text(1, name), message(2, message(1, int(1, type), message(2, ...shape))));
};

/** Declares a float32 output of a graph. */
export const output = ({ name, dims }: { readonly name: string; readonly dims: readonly (number | string)[] }): Bytes =>
  valueInfo(12, name, FLOAT, dims);

export interface Weights {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
  /** Name of the external file that holds the data. */
  readonly external?: string;
}

export const tensor = ({ name, dims, data, external }: Weights): Bytes => {
  const head = [...dims.map((dim) => int(1, dim)), int(2, data instanceof Float32Array ? FLOAT : INT64), text(8, name)];
  if (external === undefined) return message(5, ...head, bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
  return message(5, ...head, message(13, text(1, 'location'), text(2, external)), int(14, 1));
};

export interface Node {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly ints?: Readonly<Record<string, number>>;
  readonly lists?: Readonly<Record<string, readonly number[]>>;
}

export const node = ({ op, inputs, output, ints = {}, lists = {} }: Node): Bytes =>
  message(
    1,
    ...inputs.map((input) => text(1, input)),
    text(2, output),
    text(4, op),
    ...Object.entries(ints).map(([name, value]) => message(5, text(1, name), int(3, value), int(20, 2))),
    ...Object.entries(lists).map(([name, values]) => message(5, text(1, name), ...values.map((value) => int(8, value)), int(20, 7))),
  );

export interface Graph {
  readonly inputs: readonly { readonly name: string; readonly dims: readonly (number | string)[]; readonly type?: 'float32' | 'int64' }[];
  readonly outputs: readonly { readonly name: string; readonly dims: readonly (number | string)[] }[];
  readonly nodes: readonly Node[];
  readonly weights: readonly Weights[];
}

/** The bytes of a model file, opset 17. */
export function onnxModel({ inputs, outputs, nodes, weights }: Graph): Uint8Array {
  const graph = message(
    7,
    ...nodes.map(node),
    text(2, 'edgebind'),
    ...weights.map(tensor),
    ...inputs.map(({ name, dims, type }) => valueInfo(11, name, type === 'int64' ? INT64 : FLOAT, dims)),
    ...outputs.map(({ name, dims }) => output({ name, dims })),
  );
  return Buffer.concat([int(1, 8), graph, message(8, int(2, 17))]);
}

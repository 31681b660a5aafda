import { EdgeBindError } from '../../core/errors.ts';
import { node, output, tensor } from './onnx-model.ts';
import { message, type Bytes } from './protobuf.ts';

/** A linear head: `normalise(vector x weights + bias)`, weights row-major, `inputs` x `dim`. */
export interface LinearHead {
  readonly inputs: number;
  readonly dim: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

/**
 * The bytes of a model with one of its inner tensors, [batch, size], at unit length as a further output called `to`.
 *
 * @throws EdgeBindError `BROKEN_GRAPH`
 */
export const exposeTensor = (model: Uint8Array, from: string, to: string, size: number): Uint8Array =>
  goneOn(model, [
    node({ op: 'LpNormalization', inputs: [from], output: to, ints: { axis: 1, p: 2 } }),
    output({ name: to, dims: ['batch', size] }),
  ]);

/** Where the graph stands in a model. */
const GRAPH = 7;

/**
 * The bytes of a model with a head behind one of its outputs, [batch, inputs]. The new output is called `to`; the old ones stay.
 * Protobuf lets the repeated fields of a message go on at its end, so nothing of the graph itself is decoded: the head is written
 * behind it. Its operators are as old as ONNX.
 *
 * @throws EdgeBindError `BROKEN_GRAPH` for bytes that are no ONNX model
 */
export function appendHead(model: Uint8Array, from: string, to: string, { inputs, dim, weights, bias }: LinearHead): Uint8Array {
  const named = (what: string): string => `${to}/${what}`;
  return goneOn(model, [
    node({ op: 'MatMul', inputs: [from, named('weights')], output: named('product') }),
    node({ op: 'Add', inputs: [named('product'), named('bias')], output: named('sum') }),
    node({ op: 'LpNormalization', inputs: [named('sum')], output: to, ints: { axis: 1, p: 2 } }),
    tensor({ name: named('weights'), dims: [inputs, dim], data: weights }),
    tensor({ name: named('bias'), dims: [dim], data: bias }),
    output({ name: to, dims: ['batch', dim] }),
  ]);
}

function goneOn(model: Uint8Array, more: readonly Bytes[]): Uint8Array {
  const graph = find(model, GRAPH);
  const longer = message(GRAPH, model.subarray(graph.contentAt, graph.end), ...more);
  return Buffer.concat([model.subarray(0, graph.start), longer, model.subarray(graph.end)]);
}

/** Where a field of a message lies: with its tag, and its content alone. */
function find(model: Uint8Array, wanted: number): { start: number; contentAt: number; end: number } {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = model[at++];
      if (byte === undefined || scale > 2 ** 49) throw broken();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < model.length) {
    const start = at;
    const tag = varint();
    const wire = tag % 8;
    if (wire === 0) varint();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = varint();
      const contentAt = at;
      at += length;
      if (at > model.length) throw broken();
      if (Math.floor(tag / 8) === wanted) return { start, contentAt, end: at };
    } else throw broken();
  }
  throw broken();
}

const broken = (): EdgeBindError => new EdgeBindError('BROKEN_GRAPH', 'the backbone is no whole ONNX model; copy or export it again');

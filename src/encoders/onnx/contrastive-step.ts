import { onnxModel, type Node } from './onnx-model.ts';

/** Added to a logit that must not count. */
const NO_NEGATIVE = -1e9;

export interface ContrastiveStepOptions {
  readonly inputs: number;
  readonly dim: number;
  /** Fixed, as ImageBind's are; similarities are divided by it. */
  readonly temperature: number;
  /** Anchors whose cosine is above this are the same thing twice, and no negatives of each other. */
  readonly duplicateCosine: number;
}

/**
 * One step of binding as an ONNX graph: the symmetric InfoNCE loss of a batch, and its gradient (Girdhar et al., ImageBind, 2023,
 * equation 1; van den Oord et al. 2018), so that onnxruntime's kernels do the sums.
 *
 * Inputs: `x` [B, inputs] features of the new sensor; `anchors` [B, dim] unit vectors; `w` [inputs, dim] and `b` [dim] of the head;
 * `eye` [B, B] the identity; `others` [B, B] 1 where two pairs are of one moment or one thing, else 0.
 * Outputs: `rows`, `columns` [B, 1] the probability of the right partner both ways, `dw`, `db` the gradient of the mean loss.
 */
export function contrastiveStep({ inputs, dim, temperature, duplicateCosine }: ContrastiveStepOptions): Uint8Array {
  const scalar = (name: string, value: number) => ({ name, dims: [1], data: Float32Array.of(value) });
  const nodes: Node[] = [
    // y = z / |z|, z = x w + b
    { op: 'MatMul', inputs: ['x', 'w'], output: 'xw' },
    { op: 'Add', inputs: ['xw', 'b'], output: 'z' },
    { op: 'Mul', inputs: ['z', 'z'], output: 'zz' },
    { op: 'MatMul', inputs: ['zz', 'onesDim'], output: 'square' },
    { op: 'Add', inputs: ['square', 'tiny'], output: 'positive' },
    { op: 'Sqrt', inputs: ['positive'], output: 'length' },
    { op: 'Div', inputs: ['z', 'length'], output: 'y' },
    // Which pairs are no negatives of each other.
    { op: 'Transpose', inputs: ['anchors'], output: 'anchorsT' },
    { op: 'MatMul', inputs: ['anchors', 'anchorsT'], output: 'alike' },
    { op: 'Greater', inputs: ['alike', 'duplicate'], output: 'isDuplicate' },
    { op: 'Cast', inputs: ['isDuplicate'], output: 'duplicates', ints: { to: 1 } },
    { op: 'Max', inputs: ['duplicates', 'others'], output: 'same' },
    { op: 'Sub', inputs: ['one', 'eye'], output: 'notEye' },
    { op: 'Mul', inputs: ['same', 'notEye'], output: 'excluded' },
    { op: 'Mul', inputs: ['excluded', 'noNegative'], output: 'mask' },
    // Softmax over the batch, both ways.
    { op: 'MatMul', inputs: ['y', 'anchorsT'], output: 'cosines' },
    { op: 'Mul', inputs: ['cosines', 'inverseTemperature'], output: 'scaled' },
    { op: 'Add', inputs: ['scaled', 'mask'], output: 'logits' },
    { op: 'Softmax', inputs: ['logits'], output: 'byRow', ints: { axis: 1 } },
    { op: 'Softmax', inputs: ['logits'], output: 'byColumn', ints: { axis: 0 } },
    { op: 'Mul', inputs: ['byRow', 'eye'], output: 'rowRight' },
    { op: 'Mul', inputs: ['byColumn', 'eye'], output: 'columnRight' },
    { op: 'ReduceMax', inputs: ['rowRight'], output: 'rows', ints: { keepdims: 1 }, lists: { axes: [1] } },
    { op: 'ReduceMax', inputs: ['columnRight'], output: 'columns', ints: { keepdims: 1 }, lists: { axes: [1] } },
    // dz = (g - (g . y) y) / |z| with g = (byRow + byColumn - 2 eye) anchors / (2 B temperature); the host divides by B.
    { op: 'Add', inputs: ['byRow', 'byColumn'], output: 'both' },
    { op: 'Mul', inputs: ['eye', 'two'], output: 'right' },
    { op: 'Sub', inputs: ['both', 'right'], output: 'error' },
    { op: 'Mul', inputs: ['error', 'halfInverseTemperature'], output: 'weighted' },
    { op: 'MatMul', inputs: ['weighted', 'anchors'], output: 'g' },
    { op: 'Mul', inputs: ['g', 'y'], output: 'gy' },
    { op: 'MatMul', inputs: ['gy', 'onesDim'], output: 'along' },
    { op: 'Mul', inputs: ['y', 'along'], output: 'radial' },
    { op: 'Sub', inputs: ['g', 'radial'], output: 'tangent' },
    { op: 'Div', inputs: ['tangent', 'length'], output: 'dz' },
    { op: 'Transpose', inputs: ['x'], output: 'xT' },
    { op: 'MatMul', inputs: ['xT', 'dz'], output: 'dw' },
    { op: 'ReduceSum', inputs: ['dz', 'firstAxis'], output: 'db', ints: { keepdims: 0 } },
  ];
  return onnxModel({
    inputs: [
      { name: 'x', dims: ['batch', inputs] },
      { name: 'anchors', dims: ['batch', dim] },
      { name: 'w', dims: [inputs, dim] },
      { name: 'b', dims: [dim] },
      { name: 'eye', dims: ['batch', 'batch'] },
      { name: 'others', dims: ['batch', 'batch'] },
    ],
    outputs: [
      { name: 'rows', dims: ['batch', 1] },
      { name: 'columns', dims: ['batch', 1] },
      { name: 'dw', dims: [inputs, dim] },
      { name: 'db', dims: [dim] },
    ],
    nodes,
    weights: [
      { name: 'onesDim', dims: [dim, 1], data: new Float32Array(dim).fill(1) },
      { name: 'firstAxis', dims: [1], data: BigInt64Array.of(0n) },
      scalar('tiny', 1e-12),
      scalar('duplicate', duplicateCosine),
      scalar('one', 1),
      scalar('two', 2),
      scalar('noNegative', NO_NEGATIVE),
      scalar('inverseTemperature', 1 / temperature),
      scalar('halfInverseTemperature', 0.5 / temperature),
    ],
  });
}

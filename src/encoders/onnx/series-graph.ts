import { onnxModel, type Node, type Weights } from './onnx-model.ts';
import type { SeriesKernels } from '../../space/bind/series-kernels.ts';

/** Name of the graph's output, [batch, features]. */
export const SERIES_FEATURES = 'features';

/**
 * The features of a series as an ONNX graph: `kernels` convolutions of fixed random weights, and of each the share of points that lie
 * above its threshold (Dempster, Petitjean and Webb: ROCKET, 2020, and MiniRocket, 2021); then mean, deviation, least and largest value
 * of each channel. Nothing in it is trained.
 */
export function seriesGraph({ channels, length, groups }: SeriesKernels): Uint8Array {
  const nodes: Node[] = [];
  const weights: Weights[] = [];
  const parts: string[] = [];
  for (const [i, { dilation, kernels, size, weights: data, thresholds }] of groups.entries()) {
    const [w, t, conv, above, wide, share] = ['w', 't', 'conv', 'above', 'wide', 'share'].map((name) => `${name}${i}`) as [
      string,
      string,
      string,
      string,
      string,
      string,
    ];
    weights.push({ name: w, dims: [kernels, channels, size], data }, { name: t, dims: [kernels, 1], data: thresholds });
    const pad = ((size - 1) / 2) * dilation;
    nodes.push(
      { op: 'Conv', inputs: ['input', w], output: conv, lists: { dilations: [dilation], pads: [pad, pad], kernel_shape: [size] } },
      { op: 'Greater', inputs: [conv, t], output: above },
      { op: 'Cast', inputs: [above], output: wide, ints: { to: 1 } },
      { op: 'ReduceMean', inputs: [wide], output: share, ints: { keepdims: 0 }, lists: { axes: [2] } },
    );
    parts.push(share);
  }
  const over = (op: string, from: string, to: string): Node => ({
    op,
    inputs: [from],
    output: to,
    ints: { keepdims: to === 'middle' ? 1 : 0 },
    lists: { axes: [2] },
  });
  nodes.push(
    over('ReduceMean', 'input', 'mean'),
    over('ReduceMean', 'input', 'middle'),
    { op: 'Sub', inputs: ['input', 'middle'], output: 'off' },
    { op: 'Abs', inputs: ['off'], output: 'away' },
    over('ReduceMean', 'away', 'deviation'),
    over('ReduceMin', 'input', 'least'),
    over('ReduceMax', 'input', 'largest'),
    { op: 'Concat', inputs: [...parts, 'mean', 'deviation', 'least', 'largest'], output: SERIES_FEATURES, ints: { axis: 1 } },
  );
  const count = groups.reduce((sum, { kernels }) => sum + kernels, 4 * channels);
  return onnxModel({
    inputs: [{ name: 'input', dims: ['batch', channels, length] }],
    outputs: [{ name: SERIES_FEATURES, dims: ['batch', count] }],
    nodes,
    weights,
  });
}

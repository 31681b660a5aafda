import { expect, it } from 'vitest';
import { seeded } from '../../space/bind/seeded.ts';
import { seriesKernels } from '../../space/bind/series-kernels.ts';
import { loadOrt } from '../load-ort.ts';
import { seriesGraph } from '../onnx/series-graph.ts';
import { seriesFeatures } from './series-features.ts';

const [channels, length] = [3, 40];
const random = seeded(2);
const windows = Array.from({ length: 30 }, () => Float32Array.from({ length: channels * length }, () => random() - 0.5));

it('gives the share of points above the threshold of each kernel, and the extent of each channel', async () => {
  const kernels = seriesKernels(windows, channels, length, 1);
  const rows = await seriesFeatures(await loadOrt(), seriesGraph(kernels), windows, [channels, length]);
  const count = kernels.groups.reduce((sum, group) => sum + group.kernels, 0);
  expect(rows.map((row) => row.length)).toEqual(windows.map(() => count + 4 * channels));
  const [group] = kernels.groups;
  const window = windows[7] ?? new Float32Array(0);
  for (const kernel of [0, 5, 30]) {
    let above = 0;
    for (let t = 0; t < length; t++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++)
        for (let tap = 0; tap < 9; tap++) {
          const at = t + (tap - 4);
          const weight = group?.weights[(kernel * channels + channel) * 9 + tap] ?? 0;
          if (at >= 0 && at < length) sum += weight * (window[channel * length + at] ?? 0);
        }
      above += sum > (group?.thresholds[kernel] ?? 0) ? 1 / length : 0;
    }
    expect(rows[7]?.[kernel]).toBeCloseTo(above, 1);
  }
  const first = window.subarray(0, length);
  expect(rows[7]?.[count]).toBeCloseTo(
    first.reduce((sum, value) => sum + value / length, 0),
    4,
  );
  expect(rows[7]?.[count + 3 * channels]).toBeCloseTo(Math.max(...first), 5);
});

it('draws the same kernels for the same windows and seed, others for another seed', () => {
  const weights = (seed: number) =>
    seriesKernels(windows, channels, length, seed).groups.map((group) => [...group.weights, ...group.thresholds]);
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1)).not.toEqual(weights(2));
});

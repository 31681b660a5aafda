import type { Encoders } from '../../core/encoder.ts';
import { UsageError } from '../../core/errors.ts';
import type { Embedding } from '../../core/types.ts';
import { seriesFeatures } from '../../encoders/bind/series-features.ts';
import type { Bundle } from '../../encoders/bundle.ts';
import { loadOrt } from '../../encoders/load-ort.ts';
import { SERIES_FEATURES, seriesGraph } from '../../encoders/onnx/series-graph.ts';
import { pictureTensor } from '../../frontends/picture-tensor.ts';
import { seriesKernels } from '../../space/bind/series-kernels.ts';
import { backboneOf, type Backbone } from './backbone.ts';
import { mapFrontEnd, seriesSensor, type OwnSample } from './own-windows.ts';

/** Windows of a sensor of somebody's own, with what its backbone says of them. */
export interface OwnEncoder {
  readonly windows: readonly PairWindow[];
  readonly backbone: Backbone;
  /** Whether the features are vectors of the space already. */
  readonly isSameSpace: boolean;
}

/** A window that can be paired. */
export type PairWindow = Pick<Embedding, 'source' | 'startUs' | 'endUs' | 'errorUs' | 'vector'>;

export interface OwnEncoderOptions {
  readonly base: Bundle;
  readonly encoders: Encoders;
  readonly seconds: number;
  readonly hopSeconds: number;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
}

/**
 * An encoder for a sensor that the bundle does not know, from what was recorded of it: channels over time get random convolutions
 * (`seriesGraph`), maps go through the bundle's picture encoder.
 *
 * @throws UsageError `SENSOR_CONSTANT`; `NO_BACKBONE` where maps meet a bundle without a picture encoder of one frame
 */
export async function ownEncoder(samples: readonly OwnSample[], options: OwnEncoderOptions): Promise<OwnEncoder> {
  return (samples[0]?.payload.height ?? 1) === 1 ? ofChannels(samples, options) : ofMaps(samples, options);
}

async function ofChannels(samples: readonly OwnSample[], { seconds, hopSeconds, seed }: OwnEncoderOptions): Promise<OwnEncoder> {
  const { frontEnd, window, windows } = seriesSensor(samples, { seconds, hopSeconds });
  const shape = [frontEnd.mean.length, Math.round(frontEnd.rateHz * seconds)] as const;
  const tensors = windows.map(({ tensor }) => tensor.data);
  const model = seriesGraph(seriesKernels(tensors, shape[0], shape[1], seed));
  const raw = await seriesFeatures(await loadOrt(), model, tensors, shape);
  const source = samples[0]?.source ?? '';
  return {
    windows: windows.map(({ startUs, endUs, errorUs }, i) => ({ source, startUs, endUs, errorUs, vector: raw[i] ?? new Float32Array() })),
    backbone: { model, output: SERIES_FEATURES, input: { name: 'input', shape, dtype: 'float32' }, window, frontEnd },
    isSameSpace: false,
  };
}

async function ofMaps(samples: readonly OwnSample[], { base, encoders, onProgress }: OwnEncoderOptions): Promise<OwnEncoder> {
  const image = base.entries.get('image');
  if (image?.frontEnd.kind !== 'image' || (image.frontEnd.frames ?? 1) > 1)
    throw new UsageError('NO_BACKBONE', `${base.dir} has no encoder of single pictures, which maps are seen by; use another --model`);
  const frontEnd = mapFrontEnd(samples, image.frontEnd);
  const windows: PairWindow[] = [];
  for (const [i, { source, timeUs, errorUs, payload }] of samples.entries()) {
    if (i % 20 === 0) onProgress(`embedding map ${i} of ${samples.length}`);
    const { vector } = await encoders.embedInput('image', { tensor: await pictureTensor(payload, frontEnd) });
    windows.push({ source, startUs: timeUs, endUs: timeUs, errorUs, vector });
  }
  return { windows, backbone: { ...(await backboneOf(image)), frontEnd }, isSameSpace: true };
}

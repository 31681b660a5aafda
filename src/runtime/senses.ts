import { isAbsolute, resolve } from 'node:path';
import { UsageError } from '../core/errors.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { MODALITIES, type Modality } from '../core/types.ts';
import type { Bundle } from '../encoders/bundle.ts';
import type { Config } from './config.ts';

/** Rate at which sound is read where the bundle has no encoder for it. */
const DEFAULT_AUDIO_RATE_HZ = 16_000;

/** Rate to which sound is resampled at capture. */
export function audioRateHz(bundle: Bundle): number {
  const frontEnd = bundle.entries.get('audio')?.frontEnd;
  return frontEnd && 'rateHz' in frontEnd ? frontEnd.rateHz : DEFAULT_AUDIO_RATE_HZ;
}

/** Whether a source without an encoder is a sensor of somebody's own, not a known sense that is misspelt. */
const canBeBound = (modality: Modality, format: string | undefined): boolean =>
  !MODALITIES.some((known) => known === modality) && (format === 'array-f32' || format === 'json');

/** @throws UsageError `NO_ENCODER` where a source's modality has no encoder in the bundle */
export function requireEncoder(bundle: Bundle, { id, modality, format }: SourceConfig): void {
  const entry = bundle.entries.get(modality);
  if (entry) {
    const wants = entry.frontEnd.kind === 'features';
    if (wants === (format === 'features-f32')) return;
    throw new UsageError(
      'NO_ENCODER',
      wants
        ? `source ${id} gives pictures, and ${bundle.dir} begins with features of them, ${entry.frontEnd.size} numbers; send those by MQTT (format: features-f32), or use another "model:"`
        : `source ${id} gives features, and ${bundle.dir} begins with pictures; send those, or use another "model:"`,
    );
  }
  // A sensor of somebody's own is recorded, so that it can be bound.
  if (canBeBound(modality, format)) return;
  throw new UsageError(
    'NO_ENCODER',
    `source ${id} is of modality ${modality}, for which ${bundle.dir} has no encoder; it has: ${[...bundle.entries.keys()].join(', ')}`,
  );
}

/** @throws UsageError `NO_FUSION_GRAPH` where joint fusion is asked for and the bundle has no fusion graph, or none of its sources goes into it */
export function requireFusion({ dir, fusion }: Bundle, config: Config): void {
  if (config.fusion?.how !== 'joint') return;
  const late = 'set fusion: {how: late}';
  if (!fusion)
    throw new UsageError(
      'NO_FUSION_GRAPH',
      `fusion.how: joint needs a fusion graph, and ${dir} has none; ${late}, or use another "model:"`,
    );
  if (config.sources.some(({ modality }) => fusion.modalities[modality])) return;
  const takes = Object.keys(fusion.modalities).join(', ');
  throw new UsageError(
    'NO_FUSION_GRAPH',
    `fusion.how: joint: the fusion graph of ${dir} takes ${takes}, and no source is one of them; ${late}, or add a source`,
  );
}

/** A path of the config: relative ones start at the config's folder. */
export const configPath = (folder: string, path: string): string => (isAbsolute(path) ? path : resolve(folder, path));

/** A source whose file, if it reads one, is found from anywhere. */
export function withOwnPaths(source: SourceConfig, folder: string): SourceConfig {
  const [, scheme, path] = /^(file|mcap):(.+)$/s.exec(source.from) ?? [];
  return scheme === undefined || path === undefined ? source : { ...source, from: `${scheme}:${configPath(folder, path)}` };
}

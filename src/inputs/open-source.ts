import { UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { cameraSource } from './camera-source.ts';
import type { InputContext } from './context.ts';
import { mcapSource } from './mcap-source.ts';
import { microphoneSource } from './microphone-source.ts';
import { mqttSource } from './mqtt-source.ts';
import { resampled } from './resample.ts';
import { serialSource } from './serial.ts';

const CAMERA = ['v4l2', 'rtsp', 'http', 'https', 'file', 'gst'];
const MICROPHONE = ['alsa', 'pulse', 'rtsp', 'http', 'https', 'file'];
const ANY = ['serial', 'mqtt', 'mcap'];

/**
 * Opens what `from` names. Nothing is touched before `start()`.
 *
 * @throws UsageError for an unknown scheme, one that does not fit the modality, or a field that is missing
 */
export function openSource(config: SourceConfig, context: InputContext): Source {
  const { id, from, modality } = config;
  const scheme = from.slice(0, from.indexOf(':'));
  if (scheme === 'serial') return serialSource(config, context);
  if (scheme === 'mqtt') return modality === 'audio' ? resampled(mqttSource(config, context), context) : mqttSource(config, context);
  if (scheme === 'mcap') return modality === 'audio' ? resampled(mcapSource(config, context), context) : mcapSource(config, context);
  if (modality === 'image' && CAMERA.includes(scheme)) return cameraSource(config, context);
  if (modality === 'audio' && MICROPHONE.includes(scheme)) return microphoneSource(config, context);
  const fitting = [...(modality === 'image' ? CAMERA : modality === 'audio' ? MICROPHONE : []), ...ANY, 'simulate'];
  const close = nearest(scheme, fitting);
  throw new UsageError(
    'UNKNOWN_SCHEME',
    `source ${id}: ${modality} cannot be read from "${scheme}:"; ${close ? `did you mean "${close}:"?` : `it can from ${fitting.map((one) => `${one}:`).join(' ')}`}`,
  );
}

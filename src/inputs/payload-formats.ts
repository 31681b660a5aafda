import { PayloadError, UsageError } from '../core/errors.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { MODALITIES, type ArrayReading, type Modality } from '../core/types.ts';
import type { Depth, EncodedPicture, Features, Imu, Payload, Pcm, RgbPicture, Thermal } from '../core/types.ts';

/** Reads the body of one message. Throws PayloadError whose code becomes the reason in the ledger. */
export type ParsePayload = (body: Uint8Array) => Payload;

type Format = (config: SourceConfig) => ParsePayload;

/** Larger pictures are not what a sensor sends in one message. */
const MAX_PICTURE_BYTES = 32 * 1024 * 1024;
/** Nor is longer sound: its windows are made in one go, and everything else would wait for them. */
const MAX_SOUND_SECONDS = 60;

/** The payload formats of design section 5 whose bytes stand for themselves. */
const formats: Readonly<Record<string, Format>> = {
  jpeg: () => (body) => encoded(body, 'notJpeg', isJpeg(body), endsWith(body, [0xff, 0xd9])),
  png: () => (body) => encoded(body, 'notPng', isPng(body), endsWith(body, [0xae, 0x42, 0x60, 0x82])),
  rgb24: (config) => {
    const { width, height } = sizeOf(config);
    return (body): RgbPicture => ({ kind: 'rgb24', width, height, data: sized(body, width * height * 3) });
  },
  pcm_s16le: (config) => sound(config, 2, (view, at) => view.getInt16(at, true) / 32768),
  pcm_f32le: (config) => sound(config, 4, (view, at) => view.getFloat32(at, true)),
  'thermal-i16': (config) => {
    const { width, height } = sizeOf(config);
    return (body): Thermal => {
      const view = viewOf(sized(body, width * height * 2));
      const celsius = new Float32Array(width * height);
      for (let i = 0; i < celsius.length; i++) celsius[i] = view.getInt16(i * 2, true) / 100;
      return { kind: 'thermal', width, height, celsius };
    };
  },
  'depth-u16': (config) => {
    const { width, height } = sizeOf(config);
    return (body): Depth => {
      const view = viewOf(sized(body, width * height * 2));
      const mm = new Uint16Array(width * height);
      for (let i = 0; i < mm.length; i++) mm[i] = view.getUint16(i * 2, true);
      return { kind: 'depth', width, height, mm };
    };
  },
  'features-f32': () => (body) => {
    if (body.length === 0 || body.length % 4 !== 0)
      throw new PayloadError('wrongSize', `${body.length} bytes; wanted float32 numbers, 4 bytes each`);
    const view = viewOf(body);
    return features(Float32Array.from({ length: body.length / 4 }, (_, i) => view.getFloat32(i * 4, true)));
  },
  'array-f32': (config) => {
    const { width, height } = arrayShape(config);
    return (body) => {
      const view = viewOf(sized(body, width * height * 4));
      const values = new Float32Array(width * height);
      for (let i = 0; i < values.length; i++) values[i] = view.getFloat32(i * 4, true);
      return arrayReading(values, { width, height });
    };
  },
  'imu-f32': () => (body) => {
    const view = viewOf(sized(body, 24));
    return imu(Array.from({ length: 6 }, (_, i) => view.getFloat32(i * 4, true)));
  },
};

/** Which modality each format gives; `array-f32` any that is not known. */
const MODALITY: Readonly<Record<string, string>> = {
  jpeg: 'image',
  png: 'image',
  rgb24: 'image',
  'features-f32': 'image',
  pcm_s16le: 'audio',
  pcm_f32le: 'audio',
  'thermal-i16': 'thermal',
  'depth-u16': 'depth',
  'imu-f32': 'imu',
};

export const formatNames: readonly string[] = Object.keys(formats);

/**
 * The reader of a source's format, or undefined where the format is none of these.
 *
 * @throws UsageError where the format needs a field that the source lacks, or gives another modality
 */
export function payloadFormat(config: SourceConfig): ParsePayload | undefined {
  const name = config.format ?? '';
  const format = formats[name];
  if (!format) return undefined;
  const given = MODALITY[name] ?? (isKnown(config.modality) ? 'a name of your own' : config.modality);
  if (given !== config.modality) {
    throw new UsageError(
      'FORMAT_MODALITY',
      `source ${config.id}: format ${name} is of modality ${given}, the source says ${config.modality}; change one of them`,
    );
  }
  return format(config);
}

/** @throws PayloadError `notFinite` */
function features(values: Float32Array): Features {
  return { kind: 'features', values: finite(values) };
}

const isKnown = (modality: Modality): boolean => MODALITIES.some((known) => known === modality);

type ArrayShape = Pick<ArrayReading, 'width' | 'height'>;

/**
 * Width and height of a reading of a sensor of one's own: one row of `channels`, or `height` rows of `width`.
 *
 * @throws UsageError where the config says neither
 */
export function arrayShape({ id, format, channels, width, height }: SourceConfig): ArrayShape {
  if (width !== undefined && height !== undefined && channels === undefined) return { width, height };
  if (channels !== undefined && width === undefined && height === undefined) return { width: channels, height: 1 };
  throw new UsageError(
    'FORMAT_FIELD',
    `source ${id}: format ${format ?? ''} needs channels (readings of so many numbers), or width and height (maps), e.g. channels: 4`,
  );
}

/** @throws PayloadError `notFinite` */
export function arrayReading(values: Float32Array, { width, height }: ArrayShape): ArrayReading {
  return { kind: 'array', width, height, values: finite(values) };
}

/** @throws PayloadError `notFinite` */
export function imu(values: readonly number[]): Imu {
  return { kind: 'imu', values: finite(Float32Array.from(values)) };
}

/** @throws PayloadError `notFinite` */
export function thermal(celsius: readonly number[], width: number, height: number): Thermal {
  return { kind: 'thermal', width, height, celsius: finite(Float32Array.from(celsius)) };
}

/** @throws PayloadError `outOfRange`: 16 bits would hold another distance */
export function depth(mm: readonly number[], width: number, height: number): Depth {
  const wrong = mm.find((value) => !(value >= 0 && value <= 0xffff));
  if (wrong !== undefined) throw new PayloadError('outOfRange', `a distance is ${wrong} mm; wanted 0 (unknown) to 65535`);
  return { kind: 'depth', width, height, mm: Uint16Array.from(mm) };
}

/** Looked at as float32: what is finite in JSON need not be finite here. */
function finite(values: Float32Array): Float32Array {
  if (!values.every(Number.isFinite)) throw new PayloadError('notFinite', 'a value is NaN or infinite');
  return values;
}

function sound(config: SourceConfig, bytesPerSample: number, read: (view: DataView, at: number) => number): ParsePayload {
  const { rateHz, channels = 1 } = config;
  if (rateHz === undefined)
    throw new UsageError('FORMAT_FIELD', `source ${config.id}: format ${config.format ?? ''} needs rateHz, e.g. rateHz: 16000`);
  const step = bytesPerSample * channels;
  return (body): Pcm => {
    if (body.length === 0 || body.length % step !== 0) {
      throw new PayloadError(
        'wrongSize',
        `${body.length} bytes; wanted a multiple of ${step} (${channels} channels of ${bytesPerSample} bytes)`,
      );
    }
    const seconds = body.length / step / rateHz;
    if (seconds > MAX_SOUND_SECONDS)
      throw new PayloadError('tooLarge', `${Math.round(seconds)} s of sound in one message; at most ${MAX_SOUND_SECONDS}`);
    const view = viewOf(body);
    const data = new Float32Array(body.length / step);
    for (let i = 0; i < data.length; i++) {
      let sum = 0;
      for (let channel = 0; channel < channels; channel++) sum += read(view, i * step + channel * bytesPerSample);
      if (!Number.isFinite(sum)) throw new PayloadError('notFinite', `sample ${i} is NaN or infinite`);
      data[i] = sum / channels;
    }
    return { kind: 'pcm', rateHz, data };
  };
}

function encoded(body: Uint8Array, reason: string, isFormat: boolean, isWhole: boolean): EncodedPicture {
  if (body.length > MAX_PICTURE_BYTES) throw new PayloadError('tooLarge', `${body.length} bytes; at most ${MAX_PICTURE_BYTES}`);
  if (!isFormat) throw new PayloadError(reason, `begins with ${Buffer.from(body.subarray(0, 8)).toString('hex') || 'nothing'}`);
  if (!isWhole) throw new PayloadError('truncated', `${body.length} bytes without the end marker of a picture`);
  return { kind: 'encoded', bytes: body };
}

function sizeOf({ id, format, width, height }: SourceConfig): { width: number; height: number } {
  if (width === undefined || height === undefined)
    throw new UsageError('FORMAT_FIELD', `source ${id}: format ${format ?? ''} needs width and height, e.g. width: 32, height: 24`);
  return { width, height };
}

function sized(body: Uint8Array, bytes: number): Uint8Array {
  if (body.length !== bytes) throw new PayloadError('wrongSize', `${body.length} bytes; wanted ${bytes}`);
  return body;
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const isJpeg = (bytes: Uint8Array): boolean => bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
const isPng = (bytes: Uint8Array): boolean => [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);

/** Some cameras pad their pictures with zeros. */
function endsWith(bytes: Uint8Array, marker: readonly number[]): boolean {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return marker.every((byte, i) => bytes[end - marker.length + i] === byte);
}

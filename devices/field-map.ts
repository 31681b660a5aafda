import type { DecodedFrame } from '../src/core/decoder.ts';
import { isSequence, isStamp } from '../src/core/stamp-limits.ts';
import type { Modality } from '../src/core/types.ts';
import { type AssembledReading, type Assembler, oneFrameAssembler, requireModality } from './assembler.ts';

export interface FieldMapOptions {
  /** Our name to the sender's dotted path, e.g. `{acc: "imu.a", timeUs: "t"}`. A name that is not mapped is its own path. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Pictures: pixels in a row and rows; needed where the values come as one flat list. */
  readonly width?: number;
  readonly height?: number;
}

const SPOKEN: readonly Modality[] = ['imu', 'thermal', 'depth'];

/**
 * A reading out of an object: `acc` and `gyro` (lists of three, or `ax ay az`, `gx gy gz`) for imu, m/s2 and rad/s; `celsius`
 * for thermal, `mm` for depth (a flat row-major list with `width` and `height`, or a list of rows). `seq`, and `timeUs`,
 * `timeMs` or `timeS`, where they are there.
 *
 * @returns undefined where a value is missing, no number that can be meant, or the size is wrong
 */
export function readingFromFields(
  object: Readonly<Record<string, unknown>>,
  modality: Modality,
  options: FieldMapOptions = {},
): AssembledReading | undefined {
  const get = (name: string): unknown => atPath(object, options.fields?.[name] ?? name);
  const payload = modality === 'imu' ? imuOf(get) : pictureOf(get, modality, options);
  if (!payload) return undefined;
  const seq = numberOf(get('seq'));
  const deviceUs = deviceTime(get);
  if ((seq !== undefined && !isSequence(Math.trunc(seq))) || (deviceUs !== undefined && !isStamp(deviceUs))) return undefined;
  return { payload, ...(seq === undefined ? {} : { seq: Math.trunc(seq) }), ...(deviceUs === undefined ? {} : { deviceUs }) };
}

/** One reading for each frame whose fields are there. */
export function fieldAssembler(protocol: string, modality: Modality, options: FieldMapOptions = {}): Assembler {
  requireModality(protocol, modality, SPOKEN);
  return oneFrameAssembler((frame: DecodedFrame) => readingFromFields(frame, modality, options));
}

type Get = (name: string) => unknown;

function imuOf(get: Get): AssembledReading['payload'] | undefined {
  const acc = vectorOf(get('acc')) ?? vectorOf([get('ax'), get('ay'), get('az')]);
  const gyro = vectorOf(get('gyro')) ?? vectorOf([get('gx'), get('gy'), get('gz')]);
  const values = acc && gyro && finite(Float32Array.from([...acc, ...gyro]));
  return values && { kind: 'imu', values };
}

function pictureOf(get: Get, modality: Modality, options: FieldMapOptions): AssembledReading['payload'] | undefined {
  const value = get(modality === 'depth' ? 'mm' : 'celsius');
  if (!Array.isArray(value)) return undefined;
  const rows: unknown[] = value;
  const first = rows[0];
  const nested = Array.isArray(first);
  const width = nested ? first.length : options.width;
  const height = nested ? rows.length : options.height;
  const pixels: unknown[] = nested ? rows.flat() : rows;
  if (width === undefined || height === undefined || pixels.length === 0 || pixels.length !== width * height) return undefined;
  if (options.width !== undefined && options.width !== width) return undefined;
  if (options.height !== undefined && options.height !== height) return undefined;
  if (!pixels.every((pixel): pixel is number => typeof pixel === 'number')) return undefined;
  if (modality === 'depth') return pixels.every(isDistance) ? { kind: 'depth', width, height, mm: Uint16Array.from(pixels) } : undefined;
  const celsius = finite(Float32Array.from(pixels));
  return celsius && { kind: 'thermal', width, height, celsius };
}

/** Whether 16 bits hold it as it is. */
const isDistance = (mm: number): boolean => mm >= 0 && mm <= 0xffff;

/** Looked at as float32: what is finite in JSON need not be finite here. */
const finite = (values: Float32Array): Float32Array | undefined => (values.every(Number.isFinite) ? values : undefined);

function deviceTime(get: Get): number | undefined {
  const microseconds = numberOf(get('timeUs'));
  if (microseconds !== undefined) return Math.round(microseconds);
  const milliseconds = numberOf(get('timeMs'));
  if (milliseconds !== undefined) return Math.round(milliseconds * 1000);
  const seconds = numberOf(get('timeS'));
  return seconds === undefined ? undefined : Math.round(seconds * 1e6);
}

const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);

function vectorOf(value: unknown): number[] | undefined {
  if (!Array.isArray(value) || value.length !== 3) return undefined;
  const parts: unknown[] = value;
  return parts.every((part): part is number => numberOf(part) !== undefined) ? parts : undefined;
}

/** Follows a dotted path; a key that holds the dots itself goes first. */
function atPath(object: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(object, path)) return object[path];
  let value: unknown = object;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

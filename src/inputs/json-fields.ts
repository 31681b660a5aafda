import { PayloadError, UsageError } from '../core/errors.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { isSequence, isStamp, WANTED_SEQUENCE, WANTED_STAMP } from '../core/stamp-limits.ts';
import { MODALITIES, type Payload } from '../core/types.ts';
import { arrayReading, arrayShape, depth, imu, thermal } from './payload-formats.ts';

/** Names of the time, by how many microseconds one of it is. */
const TIMES = [
  { name: 'timeUs', us: 1 },
  { name: 'timeMs', us: 1000 },
  { name: 'timeS', us: 1_000_000 },
] as const;

/** What a JSON message says of one reading. */
export interface JsonReading {
  readonly payload: Payload;
  readonly deviceUs?: number;
  readonly seq?: number;
}

/**
 * Reads `format: json` by a field map of dotted paths: `timeUs`, `timeMs` or `timeS`, `seq`, and per modality `acc` and `gyro` (three numbers each, or
 * `ax` ... `gz` one by one), `celsius` or `mm` (row-major, with the source's width and height); for a
 * sensor of one's own `values`, a flat list.
 *
 * @throws UsageError where the map lacks what the modality needs
 */
export function jsonFields(config: SourceConfig): (body: Uint8Array) => JsonReading {
  const { id, modality, fields = {}, width, height } = config;
  const need = (names: readonly string[]): UsageError =>
    new UsageError(
      'FORMAT_FIELD',
      `source ${id}: format json for ${modality} needs fields: {${names.map((name) => `${name}: path.to.${name}`).join(', ')}}`,
    );
  const read = payloadReader();

  function payloadReader(): (root: unknown) => Payload {
    if (modality === 'imu') {
      const single = ['ax', 'ay', 'az', 'gx', 'gy', 'gz'];
      if (single.every((name) => fields[name] !== undefined))
        return (root) => imu(single.map((name) => numberAt(root, fields[name] ?? '')));
      if (fields['acc'] === undefined || fields['gyro'] === undefined) throw need(['acc', 'gyro']);
      const [acc, gyro] = [fields['acc'], fields['gyro']];
      return (root) => imu([...numbersAt(root, acc, 3), ...numbersAt(root, gyro, 3)]);
    }
    if ((modality === 'thermal' || modality === 'depth') && width !== undefined && height !== undefined) {
      const name = modality === 'thermal' ? 'celsius' : 'mm';
      const path = fields[name];
      if (path === undefined) throw need([name]);
      return (root) => {
        const values = numbersAt(root, path, width * height);
        return modality === 'thermal' ? thermal(values, width, height) : depth(values, width, height);
      };
    }
    if (!MODALITIES.some((known) => known === modality)) {
      const shape = arrayShape(config);
      const path = fields['values'];
      if (path === undefined) throw need(['values']);
      return (root) => arrayReading(Float32Array.from(numbersAt(root, path, shape.width * shape.height)), shape);
    }
    throw new UsageError(
      'FORMAT_MODALITY',
      `source ${id}: format json gives imu, or thermal and depth with width and height; not ${modality}`,
    );
  }

  const time = TIMES.find(({ name }) => fields[name] !== undefined);
  const [timePath = '', seq] = [time && fields[time.name], fields['seq']];

  return (body) => {
    const root = parse(body);
    return {
      payload: read(root),
      ...(time && { deviceUs: Math.round(numberAt(root, timePath, isStamp, WANTED_STAMP) * time.us) }),
      ...(seq !== undefined && { seq: numberAt(root, seq, isSequence, WANTED_SEQUENCE) }),
    };
  };
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch (cause) {
    throw new PayloadError('badJson', 'the message is not JSON', { cause });
  }
}

function at(root: unknown, path: string): unknown {
  let here = root;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key))
      throw new PayloadError('missingField', `there is no "${path}" in the message`);
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

function numberAt(root: unknown, path: string, fits: (value: number) => boolean = Number.isFinite, wanted = 'a number'): number {
  const value = at(root, path);
  if (typeof value !== 'number' || !fits(value))
    throw new PayloadError('notANumber', `"${path}" is ${JSON.stringify(value)}; wanted ${wanted}`);
  return value;
}

function numbersAt(root: unknown, path: string, count: number): number[] {
  const value = at(root, path);
  if (!Array.isArray(value) || value.length !== count || !value.every((one) => typeof one === 'number' && Number.isFinite(one))) {
    throw new PayloadError('notANumber', `"${path}" is not a list of ${count} numbers`);
  }
  return value as number[];
}

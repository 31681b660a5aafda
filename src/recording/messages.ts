import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PayloadError } from '../core/errors.ts';
import type { Payload } from '../core/types.ts';
import { STAMP_FIELD } from './schemas.ts';
import type { RecordedForm } from './topic.ts';

/** A reading as its message says it; the times of arrival and event are the message's own. */
export interface RecordedReading {
  readonly payload: Payload;
  readonly deviceUs?: number;
  readonly seq?: number;
  /** Sequence number and error bound on the common timeline; absent where the clock refused the reading. */
  readonly sampleSeq?: number;
  readonly errorUs?: number;
}

/**
 * Reads the message of a reading. A picture that was decoded from a JPEG comes as that: see `asItCame`.
 *
 * @throws PayloadError `badMessage` where lengths lie or the payload does not fit its shape
 */
export function decodeReading(kind: RecordedForm, data: Uint8Array): RecordedReading {
  const { numbers, texts, blobs, stamp, vectors } = fieldsOf(data, kind);
  const known = new Map(stamp);
  const payload = payloadOf(kind, numbers, texts, blobs, vectors);
  const seq = known.get(2);
  const deviceUs = known.get(1);
  const errorUs = known.get(4);
  const sampleSeq = known.get(5) ?? seq;
  return {
    payload,
    ...(deviceUs !== undefined && { deviceUs }),
    ...(seq !== undefined && { seq }),
    ...(errorUs !== undefined && { errorUs }),
    ...(errorUs !== undefined && sampleSeq !== undefined && { sampleSeq }),
  };
}

/** @throws PayloadError `badMessage` */
export function decodeVector(data: Uint8Array): { readonly text: string; readonly vector: Float32Array } {
  const { texts, blobs } = fieldsOf(data, 'vector');
  const bytes = blobs.get(3);
  if (!bytes || bytes.length % 4 !== 0)
    throw new PayloadError('badMessage', `a vector of ${bytes?.length ?? 0} bytes; wanted a multiple of 4`);
  return { text: texts.get(2) ?? '{}', vector: floats(bytes) };
}

interface Fields {
  readonly numbers: Map<number, number>;
  readonly texts: Map<number, string>;
  readonly blobs: Map<number, Uint8Array>;
  readonly stamp: Map<number, number>;
  readonly vectors: Map<number, readonly number[]>;
}

/** Which fields hold text, per kind; other length-delimited ones are bytes. */
const TEXT_FIELDS: Readonly<Record<RecordedForm | 'vector', readonly number[]>> = {
  encoded: [3, 4],
  jpeg: [3, 4],
  rgb24: [4, 7],
  thermal: [4, 7],
  depth: [4, 7],
  pcm: [3],
  imu: [2],
  features: [4, 7],
  array: [4, 7],
  vector: [2],
};

function fieldsOf(data: Uint8Array, kind: RecordedForm | 'vector'): Fields {
  const fields: Fields = { numbers: new Map(), texts: new Map(), blobs: new Map(), stamp: new Map(), vectors: new Map() };
  try {
    const reader = new BinaryReader(data);
    while (reader.pos < reader.len) {
      const [number, wire] = reader.tag();
      if (wire === WireType.Bit32) fields.numbers.set(number, reader.fixed32());
      else if (wire === WireType.LengthDelimited) {
        const bytes = reader.bytes();
        if (number === STAMP_FIELD) for (const [key, value] of doubles(bytes)) fields.stamp.set(key, value);
        else if (kind === 'imu' && (number === 3 || number === 4))
          fields.vectors.set(
            number,
            [1, 2, 3].map((axis) => new Map(doubles(bytes)).get(axis) ?? 0),
          );
        else if (TEXT_FIELDS[kind].includes(number)) fields.texts.set(number, Buffer.from(bytes).toString());
        else fields.blobs.set(number, bytes);
      } else reader.skip(wire);
    }
  } catch (error) {
    throw new PayloadError('badMessage', `a message of ${data.length} bytes is no protobuf of ${kind}`, { cause: error });
  }
  return fields;
}

function* doubles(bytes: Uint8Array): Generator<[number, number]> {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag();
    if (wire === WireType.Bit64) yield [number, reader.double()];
    else reader.skip(wire);
  }
}

function payloadOf(
  kind: RecordedForm,
  numbers: Fields['numbers'],
  texts: Fields['texts'],
  blobs: Fields['blobs'],
  vectors: Fields['vectors'],
): Payload {
  const [width, height] = [numbers.get(2) ?? 0, numbers.get(3) ?? 0];
  switch (kind) {
    case 'encoded':
    case 'jpeg':
      return { kind: 'encoded', bytes: blobs.get(2) ?? new Uint8Array(0) };
    case 'rgb24':
      return { kind, width, height, data: sized(blobs.get(6), width * height * 3) };
    case 'thermal':
      return { kind, width, height, celsius: floats(sized(blobs.get(6), width * height * 4)) };
    case 'depth': {
      const bytes = sized(blobs.get(6), width * height * 2);
      return { kind, width, height, mm: new Uint16Array(bytes.slice().buffer) };
    }
    case 'pcm': {
      const rateHz = numbers.get(4) ?? 0;
      if (rateHz < 1) throw new PayloadError('badMessage', 'sound without a sample rate');
      const bytes = blobs.get(2) ?? new Uint8Array(0);
      const format = texts.get(3) ?? '';
      if (format !== 'pcm-s16' && format !== 'pcm-f32')
        throw new PayloadError('badMessage', `sound of format "${format}"; wanted pcm-s16 or pcm-f32`);
      if (bytes.length % (format === 'pcm-s16' ? 2 : 4) !== 0)
        throw new PayloadError('badMessage', `sound of ${bytes.length} bytes ends inside a sample`);
      return { kind, rateHz, data: format === 'pcm-s16' ? shares(bytes) : floats(bytes) };
    }
    case 'array':
      return { kind, width, height, values: floats(sized(blobs.get(6), width * height * 4)) };
    case 'features':
      return { kind, values: floats(sized(blobs.get(6), width * height * 4)) };
    case 'imu':
      return { kind, values: Float32Array.from([...(vectors.get(3) ?? [0, 0, 0]), ...(vectors.get(4) ?? [0, 0, 0])]) };
  }
}

function sized(bytes: Uint8Array | undefined, wanted: number): Uint8Array {
  if (bytes?.length !== wanted) throw new PayloadError('badMessage', `a picture of ${bytes?.length ?? 0} bytes; its size wants ${wanted}`);
  return bytes;
}

/** Samples of 16 bits as shares of full scale. A loop: `Float32Array.from` with a function takes ten times as long. */
function shares(bytes: Uint8Array): Float32Array {
  const samples = new Int16Array(new Uint8Array(bytes).buffer);
  const data = new Float32Array(samples.length);
  for (let i = 0; i < data.length; i++) data[i] = (samples[i] ?? 0) / 32768;
  return data;
}

/** A copy: the bytes in a message begin anywhere. */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

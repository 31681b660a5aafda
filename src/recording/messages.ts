import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { PayloadError } from '../core/errors.ts';
import type { Payload } from '../core/types.ts';
import { readingBody, vectorBody } from './record-block.ts';
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

/** The protobuf message of a reading, from its body in a block. */
export function encodeReading(kind: RecordedForm, body: Uint8Array, publishUs: number): Uint8Array {
  const { deviceUs, seq, sampleSeq, errorUs, a, b, bytes } = readingBody(body);
  const writer = timestamp(new BinaryWriter(), publishUs);
  switch (kind) {
    case 'encoded':
    case 'jpeg':
      writer.tag(2, WireType.LengthDelimited).bytes(bytes).tag(3, WireType.LengthDelimited).string(pictureFormat(bytes));
      break;
    case 'rgb24':
      rawImage(writer, a, b, 'rgb8', 3, bytes);
      break;
    case 'thermal':
      rawImage(writer, a, b, '32FC1', 4, bytes);
      break;
    case 'depth':
      rawImage(writer, a, b, '16UC1', 2, bytes);
      break;
    case 'pcm':
      sound(writer, bytes, a);
      break;
    case 'imu':
      motion(writer, bytes);
      break;
    case 'features':
      rawImage(writer, bytes.length / 4, 1, '32FC1', 4, bytes);
      break;
  }
  writer.tag(STAMP_FIELD, WireType.LengthDelimited).fork();
  stampField(writer, 1, deviceUs);
  stampField(writer, 2, seq);
  stampField(writer, 4, errorUs);
  if (sampleSeq !== seq) stampField(writer, 5, sampleSeq);
  return writer.join().finish();
}

function stampField(writer: BinaryWriter, number: number, value: number): void {
  if (!Number.isNaN(value)) writer.tag(number, WireType.Bit64).double(value);
}

/** The protobuf message of an embedding or a fused vector. */
export function encodeVector(body: Uint8Array, publishUs: number): Uint8Array {
  const { text, bytes } = vectorBody(body);
  return timestamp(new BinaryWriter(), publishUs)
    .tag(2, WireType.LengthDelimited)
    .string(text)
    .tag(3, WireType.LengthDelimited)
    .bytes(bytes)
    .finish();
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
        else if (kind === 'imu' && number > 2)
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
      return {
        kind,
        rateHz,
        data: format === 'pcm-s16' ? Float32Array.from(new Int16Array(bytes.slice().buffer), (value) => value / 32768) : floats(bytes),
      };
    }
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

/** A copy: the bytes in a message begin anywhere. */
const floats = (bytes: Uint8Array): Float32Array => new Float32Array(new Uint8Array(bytes).buffer);

function timestamp(writer: BinaryWriter, timeUs: number): BinaryWriter {
  const seconds = Math.floor(timeUs / 1e6);
  writer.tag(1, WireType.LengthDelimited).fork().tag(1, WireType.Varint).int64(seconds);
  return writer
    .tag(2, WireType.Varint)
    .int32(Math.round((timeUs - seconds * 1e6) * 1000))
    .join();
}

function rawImage(writer: BinaryWriter, width: number, height: number, encoding: string, bytesPerPixel: number, bytes: Uint8Array): void {
  writer.tag(2, WireType.Bit32).fixed32(width).tag(3, WireType.Bit32).fixed32(height);
  writer
    .tag(4, WireType.LengthDelimited)
    .string(encoding)
    .tag(5, WireType.Bit32)
    .fixed32(width * bytesPerPixel);
  writer.tag(6, WireType.LengthDelimited).bytes(bytes);
}

/** 16 bits where they say it exactly, which sound from a converter is; else the floats as they are. */
function sound(writer: BinaryWriter, bytes: Uint8Array, rateHz: number): void {
  const samples = floats(bytes);
  const whole = new Int16Array(samples.length);
  let isExact = true;
  for (let i = 0; isExact && i < samples.length; i++) {
    whole[i] = (samples[i] ?? 0) * 32768;
    isExact = whole[i] === (samples[i] ?? 0) * 32768;
  }
  writer.tag(2, WireType.LengthDelimited).bytes(isExact ? new Uint8Array(whole.buffer) : bytes);
  writer.tag(3, WireType.LengthDelimited).string(isExact ? 'pcm-s16' : 'pcm-f32');
  writer.tag(4, WireType.Bit32).fixed32(rateHz).tag(5, WireType.Bit32).fixed32(1);
}

function motion(writer: BinaryWriter, bytes: Uint8Array): void {
  const values = floats(bytes);
  for (const [number, from] of [
    [3, 0],
    [4, 3],
  ] as const) {
    writer.tag(number, WireType.LengthDelimited).fork();
    for (let axis = 0; axis < 3; axis++) writer.tag(axis + 1, WireType.Bit64).double(values[from + axis] ?? 0);
    writer.join();
  }
}

function pictureFormat(bytes: Uint8Array): string {
  if (bytes[0] === 0x89) return 'png';
  return bytes[0] === 0x52 ? 'webp' : 'jpeg';
}

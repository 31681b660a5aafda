/**
 * The schemas of a recording's channels: Foxglove's well-known protobuf messages for pictures and sound, in whose extension field 100
 * EdgeBind keeps what else it knows of a reading, and messages of our own. What is said in words is JSON.
 *
 * Field numbers as in Foxglove's schemas (MIT), docs.foxglove.dev/docs/visualization/message-schemas.
 */
import { create, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import {
  FieldDescriptorProto_Label as Label,
  FieldDescriptorProto_Type as Type,
  file_google_protobuf_timestamp,
  FileDescriptorSetSchema,
  type FieldDescriptorProtoSchema,
  type FileDescriptorProtoSchema,
} from '@bufbuild/protobuf/wkt';
import type { Topic } from './topic.ts';

/** A schema as MCAP wants it. */
export interface ChannelSchema {
  readonly name: string;
  readonly encoding: 'protobuf' | 'jsonschema';
  readonly messageEncoding: 'protobuf' | 'json';
  readonly data: Uint8Array;
}

/** Where EdgeBind's stamp sits in each message of readings. */
export const STAMP_FIELD = 100;

/**
 * The columns of a message of `edgebind.Imu` that holds many readings, by field: float32 for the axes; for the others zigzag varints,
 * the first number and then each one's difference to the one before. `place`: which of all readings and messages of its chunk it is.
 */
export const MOTION_FIELDS = {
  axes: [10, 11, 12, 13, 14, 15],
  steps: { arrivalUs: 16, eventUs: 17, deviceUs: 18, seq: 19, errorUs: 20, sampleSeq: 21, place: 22 },
} as const;

type Field = MessageInitShape<typeof FieldDescriptorProtoSchema>;
type File = MessageInitShape<typeof FileDescriptorProtoSchema>;

const field = (name: string, number: number, type: Type, more: Field = {}): Field => ({
  name,
  number,
  type,
  label: Label.OPTIONAL,
  ...more,
});
const timestamp = (number: number): Field => field('timestamp', number, Type.MESSAGE, { typeName: '.google.protobuf.Timestamp' });
const stamp: Field = field('edgebind', STAMP_FIELD, Type.MESSAGE, { typeName: '.edgebind.Stamp' });

const message = (packageName: string, name: string, fields: readonly Field[], dependency: readonly string[] = []): File => ({
  name: `${packageName}/${name}.proto`,
  package: packageName,
  syntax: 'proto3',
  dependency: ['google/protobuf/timestamp.proto', ...dependency],
  messageType: [{ name, field: [...fields] }],
});

const STAMP = message('edgebind', 'Stamp', [
  field('device_us', 1, Type.DOUBLE),
  field('seq', 2, Type.DOUBLE),
  field('event_us', 3, Type.DOUBLE),
  field('error_us', 4, Type.DOUBLE),
  field('sample_seq', 5, Type.DOUBLE),
]);
const VECTOR3 = message('foxglove', 'Vector3', [field('x', 1, Type.DOUBLE), field('y', 2, Type.DOUBLE), field('z', 3, Type.DOUBLE)]);
const ofReading = (packageName: string, name: string, fields: readonly Field[], dependency: readonly string[] = []): File =>
  message(packageName, name, [...fields, stamp], ['edgebind/Stamp.proto', ...dependency]);

const compressedImage = ofReading('foxglove', 'CompressedImage', [
  timestamp(1),
  field('data', 2, Type.BYTES),
  field('format', 3, Type.STRING),
  field('frame_id', 4, Type.STRING),
]);
const rawImage = ofReading('foxglove', 'RawImage', [
  timestamp(1),
  field('width', 2, Type.FIXED32),
  field('height', 3, Type.FIXED32),
  field('encoding', 4, Type.STRING),
  field('step', 5, Type.FIXED32),
  field('data', 6, Type.BYTES),
  field('frame_id', 7, Type.STRING),
]);
const rawAudio = ofReading('foxglove', 'RawAudio', [
  timestamp(1),
  field('data', 2, Type.BYTES),
  field('format', 3, Type.STRING),
  field('sample_rate', 4, Type.FIXED32),
  field('number_of_channels', 5, Type.FIXED32),
]);
const vector = (name: string, number: number): Field => field(name, number, Type.MESSAGE, { typeName: '.foxglove.Vector3' });
const column = (name: string, number: number, type: Type): Field => field(name, number, type, { label: Label.REPEATED });
const imu = ofReading(
  'edgebind',
  'Imu',
  [
    timestamp(1),
    field('frame_id', 2, Type.STRING),
    vector('linear_acceleration', 3),
    vector('angular_velocity', 4),
    ...['acc_x', 'acc_y', 'acc_z', 'gyro_x', 'gyro_y', 'gyro_z'].map((name, i) => column(name, MOTION_FIELDS.axes[i] ?? 0, Type.FLOAT)),
    ...Object.entries(MOTION_FIELDS.steps).map(([name, number]) =>
      column(`${name.replace(/[A-Z]/g, (capital) => `_${capital.toLowerCase()}`)}_steps`, number, Type.SINT64),
    ),
  ],
  ['foxglove/Vector3.proto'],
);
const embedding = message('edgebind', 'Embedding', [
  timestamp(1),
  field('json', 2, Type.STRING),
  field('vector', 3, Type.FLOAT, { label: Label.REPEATED }),
]);

function protobuf(name: string, file: File, others: readonly File[] = []): ChannelSchema {
  const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_timestamp.proto, ...others, file] });
  return { name, encoding: 'protobuf', messageEncoding: 'protobuf', data: toBinary(FileDescriptorSetSchema, set) };
}

const json = (name: string, properties: Readonly<Record<string, string>>): ChannelSchema => ({
  name,
  encoding: 'jsonschema',
  messageEncoding: 'json',
  data: Buffer.from(
    JSON.stringify({
      title: name,
      type: 'object',
      properties: Object.fromEntries(Object.entries(properties).map(([key, type]) => [key, { type }])),
    }),
  ),
});

const span = { source: 'string', modality: 'string', startUs: 'integer', endUs: 'integer' };
const judged = { rule: 'string', ...span, score: 'number', threshold: 'number' };

const COMPRESSED_IMAGE = protobuf('foxglove.CompressedImage', compressedImage, [STAMP]);
const RAW_IMAGE = protobuf('foxglove.RawImage', rawImage, [STAMP]);
const RAW_AUDIO = protobuf('foxglove.RawAudio', rawAudio, [STAMP]);
const IMU = protobuf('edgebind.Imu', imu, [STAMP, VECTOR3]);
const EMBEDDING = protobuf('edgebind.Embedding', embedding);

/** The schema of a topic. */
export function schemaOf(topic: Topic): ChannelSchema {
  switch (topic.kind) {
    case 'reading':
      return {
        encoded: COMPRESSED_IMAGE,
        jpeg: COMPRESSED_IMAGE,
        rgb24: RAW_IMAGE,
        thermal: RAW_IMAGE,
        depth: RAW_IMAGE,
        pcm: RAW_AUDIO,
        imu: IMU,
        features: RAW_IMAGE,
        array: RAW_IMAGE,
      }[topic.payload ?? 'imu'];
    case 'embedding':
    case 'fused':
      return EMBEDDING;
    case 'score':
      return json('edgebind.Score', judged);
    case 'alert':
      return json('edgebind.Alert', { cursor: 'integer', id: 'string', state: 'string', ...judged, query: 'string' });
    case 'status':
      return json('edgebind.Status', { source: 'string', state: 'string', reason: 'string' });
    case 'drop':
      return json('edgebind.Drop', { ...span, reason: 'string' });
    case 'ledger':
      return json('edgebind.Ledger', { lines: 'array' });
    case 'session':
      return json('edgebind.Session', { server: 'string', boot: 'string', space: 'object', config: 'object' });
    case 'rules':
      return json('edgebind.Rules', { rules: 'array' });
    case 'learnt':
      return json('edgebind.Learnt', { base: 'string', leftOut: 'integer' });
    case 'checkpoint':
      return json('edgebind.Checkpoint', { fromUs: 'integer', base: 'string', leftOut: 'integer', standing: 'object' });
    case 'verdict':
      return json('edgebind.Verdict', { alert: 'object', isRight: 'boolean' });
    case 'wake':
      return json('edgebind.Wake', {});
    case 'hostStep':
      return json('edgebind.HostStep', { byUs: 'integer' });
  }
}

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { PayloadError } from '../core/errors.ts';
import type { RecordedReading } from './messages.ts';
import { MOTION_FIELDS } from './schemas.ts';

/** One reading of a message that has many. */
export interface MotionReading {
  readonly arrivalUs: number;
  readonly eventUs: number;
  /** Which of all readings and messages of its chunk it is. */
  readonly place: number;
  readonly reading: RecordedReading;
}

type Steps = keyof typeof MOTION_FIELDS.steps;
const NAMES = new Map<number, Steps>(Object.entries(MOTION_FIELDS.steps).map(([name, field]) => [field, name as Steps]));

/**
 * The readings of a message of motion that has many; undefined where it is one of a single reading.
 *
 * @throws PayloadError `badMessage` where the columns are not of one length
 */
export function motionReadings(data: Uint8Array): MotionReading[] | undefined {
  const { axes, steps } = columnsOf(data);
  const count = steps.get('arrivalUs')?.length;
  if (count === undefined && axes.size === 0) return undefined;
  const lengths = [...axes.values(), ...steps.values()].map((column) => column.length);
  if (count === undefined || count === 0 || axes.size !== MOTION_FIELDS.axes.length || lengths.some((length) => length !== count))
    throw new PayloadError('badMessage', `motion in columns of ${lengths.join(', ')} readings; wanted all axes and times, of one length`);
  const at = (name: Steps, i: number): number | undefined => steps.get(name)?.[i];
  return Array.from({ length: count }, (_, i): MotionReading => {
    const arrivalUs = at('arrivalUs', i) ?? 0;
    const [deviceUs, seq, errorUs, sampleSeq] = [at('deviceUs', i), at('seq', i), at('errorUs', i), at('sampleSeq', i)];
    const reading = {
      payload: { kind: 'imu' as const, values: Float32Array.from(MOTION_FIELDS.axes, (field) => axes.get(field)?.[i] ?? 0) },
      ...(deviceUs !== undefined && { deviceUs }),
      ...(seq !== undefined && { seq }),
      ...(errorUs !== undefined && { errorUs }),
      ...(errorUs !== undefined && sampleSeq !== undefined && { sampleSeq }),
    };
    return { arrivalUs, eventUs: at('eventUs', i) ?? arrivalUs, place: at('place', i) ?? Number.NaN, reading };
  });
}

function columnsOf(data: Uint8Array): { axes: Map<number, Float32Array>; steps: Map<Steps, number[]> } {
  const axes = new Map<number, Float32Array>();
  const steps = new Map<Steps, number[]>();
  try {
    const reader = new BinaryReader(data);
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      const name = NAMES.get(field);
      const isAxis = MOTION_FIELDS.axes.some((one) => one === field);
      if (wire !== WireType.LengthDelimited || (!isAxis && !name)) {
        reader.skip(wire, field);
        continue;
      }
      const bytes = reader.bytes();
      if (name) steps.set(name, sums(bytes));
      else axes.set(field, new Float32Array(bytes.slice(0, bytes.length - (bytes.length % 4)).buffer));
    }
  } catch (error) {
    throw new PayloadError('badMessage', `a message of ${data.length} bytes is no protobuf of motion`, { cause: error });
  }
  return { axes, steps };
}

/** Packed `sint64`, each added to the sum of those before. */
function sums(bytes: Uint8Array): number[] {
  const found: number[] = [];
  let sum = 0;
  for (let at = 0; at < bytes.length;) {
    let [value, scale] = [0, 1];
    for (; (bytes[at] ?? 0) >= 128; scale *= 128) value += ((bytes[at++] ?? 0) - 128) * scale;
    value += (bytes[at++] ?? 0) * scale;
    sum += value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    found.push(sum);
  }
  return found;
}

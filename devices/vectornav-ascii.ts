import type { DecodedFrame } from '../src/core/decoder.ts';
import { radians } from './bytes.ts';

type Part = 'angle' | 'quat' | 'mag' | 'acc' | 'gyro' | 'temperatureCelsius' | 'pressurePa';

/** What the asynchronous sentences carry, in order (VN-100 user manual, asynchronous outputs). */
const LAYOUTS: ReadonlyMap<string, readonly Part[]> = new Map<string, readonly Part[]>([
  ['VNYPR', ['angle']],
  ['VNQTN', ['quat']],
  ['VNQMR', ['quat', 'mag', 'acc', 'gyro']],
  ['VNMAG', ['mag']],
  ['VNACC', ['acc']],
  ['VNGYR', ['gyro']],
  ['VNMAR', ['mag', 'acc', 'gyro']],
  ['VNYMR', ['angle', 'mag', 'acc', 'gyro']],
  ['VNIMU', ['mag', 'acc', 'gyro', 'temperatureCelsius', 'pressurePa']],
]);

const SIZES: Readonly<Record<Part, number>> = { angle: 3, quat: 4, mag: 3, acc: 3, gyro: 3, temperatureCelsius: 1, pressurePa: 1 };

/**
 * The frame of a VectorNav sentence whose checksum held. Yaw, pitch, roll in degrees become `angle` [roll, pitch, yaw] in
 * radians, x y z x w becomes `quat` (w, x, y, z), kilopascals become pascals. Sentences of other names keep their texts in `fields`.
 *
 * @returns undefined where the count of fields is wrong or one is no number
 */
export function readVectornavSentence(name: string, fields: string[]): DecodedFrame | undefined {
  const layout = LAYOUTS.get(name);
  if (!layout) return { frame: name, fields };
  const numbers = fields.map((field) => (field.trim() === '' ? Number.NaN : Number(field)));
  if (numbers.length !== layout.reduce((sum, part) => sum + SIZES[part], 0) || !numbers.every(Number.isFinite)) return undefined;
  const frame: Record<string, unknown> = {};
  let at = 0;
  for (const part of layout) {
    frame[part] = inOurOrder(part, numbers.slice(at, at + SIZES[part]));
    at += SIZES[part];
  }
  return { frame: name, ...frame };
}

function inOurOrder(part: Part, values: number[]): number | number[] {
  const [a = 0, b = 0, c = 0, d = 0] = values;
  if (part === 'angle') return [radians(c), radians(b), radians(a)];
  if (part === 'quat') return [d, a, b, c];
  if (part === 'temperatureCelsius') return a;
  if (part === 'pressurePa') return a * 1000;
  return values;
}

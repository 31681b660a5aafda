import { radians, viewOf } from './bytes.ts';

/** How one item of an MTData2 message is read: `values` are in the item's own units. */
interface Item {
  readonly field: string;
  /** Count of real numbers in the format that the id's low two bits name; absent: `whole` reads it. */
  readonly reals?: number;
  readonly whole?: (view: DataView) => number;
  readonly bytes?: number;
  readonly convert?: (value: number) => number;
}

const u8 = (field: string): Item => ({ field, bytes: 1, whole: (view) => view.getUint8(0) });
const u16 = (field: string): Item => ({ field, bytes: 2, whole: (view) => view.getUint16(0) });
const u32 = (field: string): Item => ({ field, bytes: 4, whole: (view) => view.getUint32(0) });

/** By data identifier without the bits of number format and coordinate system (MT Low Level Communication Protocol, MTData2). */
const ITEMS: ReadonlyMap<number, Item> = new Map<number, Item>([
  [0x0810, { field: 'temperatureCelsius', reals: 1 }],
  [0x1020, u16('counter')],
  [0x1060, u32('timeFine')],
  [0x1070, u32('timeCoarse')],
  [0x2010, { field: 'quat', reals: 4 }],
  [0x2020, { field: 'rotation', reals: 9 }],
  [0x2030, { field: 'angle', reals: 3, convert: radians }],
  [0x3010, u32('pressurePa')],
  [0x4010, { field: 'deltaV', reals: 3 }],
  [0x4020, { field: 'acc', reals: 3 }],
  [0x4030, { field: 'freeAcc', reals: 3 }],
  [0x4040, { field: 'acc', reals: 3 }],
  [0x5020, { field: 'altitudeM', reals: 1 }],
  [0x5040, { field: 'latLonDegrees', reals: 2 }],
  [0x8020, { field: 'gyro', reals: 3 }],
  [0x8030, { field: 'deltaQ', reals: 4 }],
  [0x8040, { field: 'gyro', reals: 3 }],
  [0xc020, { field: 'mag', reals: 3 }],
  [0xd010, { field: 'velocity', reals: 3 }],
  [0xe010, u8('statusByte')],
  [0xe020, u32('status')],
]);

const COORDINATES = ['ENU', 'NED', 'NWU'] as const;
/** Bytes of one real number by the id's low two bits: float32, fp12.20, fp16.32, float64. */
const REAL_BYTES = [4, 4, 6, 8] as const;

/**
 * Reads the items of one MTData2 payload into `fields`. Angles become radians; an item of unknown id is stepped over.
 *
 * @returns false where an item runs past the end or has the wrong length for its id
 */
export function readXsensItems(data: Uint8Array, from: number, to: number, fields: Record<string, unknown>): boolean {
  let at = from;
  while (at < to) {
    if (at + 3 > to) return false;
    const id = ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);
    const size = data[at + 2] ?? 0;
    at += 3;
    if (at + size > to) return false;
    const item = ITEMS.get(id & 0xfff0);
    if (item && !readItem(item, id, viewOf(data, at, size), fields)) return false;
    at += size;
  }
  return true;
}

function readItem(item: Item, id: number, view: DataView, fields: Record<string, unknown>): boolean {
  if (item.whole) {
    if (view.byteLength !== item.bytes) return false;
    fields[item.field] = item.whole(view);
    return true;
  }
  const count = item.reals ?? 0;
  const format = id & 0x3;
  const realBytes = REAL_BYTES[format] ?? 4;
  if (view.byteLength !== count * realBytes) return false;
  const convert = item.convert ?? ((value: number) => value);
  const values = Array.from({ length: count }, (_, index) => convert(readReal(view, index * realBytes, format)));
  fields[item.field] = count === 1 ? values[0] : values;
  // The orientation items tell the frame of reference; the others leave those bits zero, which would read as ENU.
  if ((id & 0xf000) === 0x2000) fields['coordinates'] = COORDINATES[(id >> 2) & 0x3] ?? 'unknown';
  return true;
}

function readReal(view: DataView, at: number, format: number): number {
  if (format === 0) return view.getFloat32(at);
  if (format === 1) return view.getInt32(at) / 2 ** 20;
  // fp16.32 comes with its fraction first.
  if (format === 2) return view.getInt16(at + 4) + view.getUint32(at) / 2 ** 32;
  return view.getFloat64(at);
}

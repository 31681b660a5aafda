import { PayloadError } from '../core/errors.ts';

/** A NumPy array: numbers in row-major order. */
export interface NpyArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Float64Array | Uint8Array | Uint16Array | Int16Array | Int32Array;
}

const MAGIC = '\x93NUMPY';
const MAX_HEADER = 65_536;
const MAX_AXES = 32;

const types = {
  '<f4': Float32Array,
  '<f8': Float64Array,
  '|u1': Uint8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<i4': Int32Array,
} as const;

/** Writes a float32 array as .npy, version 1.0. */
export function writeNpy({ shape, data }: { readonly shape: readonly number[]; readonly data: Float32Array }): Buffer {
  const dims = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims}), }`;
  const header = `${dict.padEnd(Math.ceil((dict.length + 11) / 64) * 64 - 11)}\n`;
  const head = Buffer.alloc(10);
  head.write(MAGIC, 'latin1');
  head[6] = 1;
  head.writeUInt16LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header, 'latin1'), Buffer.from(data.buffer, data.byteOffset, data.byteLength)]);
}

/**
 * Reads a .npy file of numbers.
 *
 * @throws PayloadError `BAD_NPY` with what is wrong
 */
export function readNpy(file: Uint8Array): NpyArray {
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.byteLength);
  const fail = (what: string): PayloadError => new PayloadError('BAD_NPY', `not a .npy file that can be read: ${what}`);
  if (bytes.toString('latin1', 0, 6) !== MAGIC) throw fail("it does not begin with NumPy's magic");
  const isLong = (bytes[6] ?? 0) >= 2;
  if (bytes.length < 12) throw fail('it is cut');
  const length = isLong ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (isLong ? 12 : 10) + length;
  if (length > MAX_HEADER || start > bytes.length) throw fail(`a header of ${length} bytes`);
  const header = bytes.toString('latin1', isLong ? 12 : 10, start);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1] ?? '';
  const dims = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (dims === undefined || /'fortran_order':\s*True/.test(header)) throw fail('no shape, or Fortran order');
  if (!isType(descr)) throw fail(`numbers of type ${descr}; wanted ${Object.keys(types).join(', ')}`);
  const shape = dims
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  const TypedArray = types[descr];
  if (shape.length > MAX_AXES || !shape.every((size) => Number.isSafeInteger(size) && size >= 0))
    throw fail(`shape (${dims.slice(0, 100)})`);
  if (!Number.isSafeInteger(count) || bytes.length - start !== count * TypedArray.BYTES_PER_ELEMENT) {
    throw fail(`${bytes.length - start} bytes for shape (${dims}) of ${descr}`);
  }
  return { shape, data: new TypedArray(new Uint8Array(bytes.subarray(start)).buffer) };
}

const isType = (descr: string): descr is keyof typeof types => Object.hasOwn(types, descr);

import { PayloadError } from './errors.ts';
import { fromHalf, toHalf } from './half-float.ts';

/** How the numbers of a vector are written in a binary frame. All little-endian, as is every machine EdgeBind runs on. */
export type VectorEncoding = 'f32' | 'f16' | 'i8';

export interface EncodedVector {
  readonly bytes: Uint8Array;
  /** `i8` only: the largest magnitude in the vector; `value = scale * i8 / 127`. */
  readonly scale?: number;
}

/**
 * A vector's bytes. `f32` is exact and a view, not a copy; `f16` rounds to the nearest, ties to even; `i8` is
 * `round(127 v / scale)` with `scale = max|v|` (0 for a zero vector), so that its error is at most `scale / 254`.
 */
export function encodeVector(encoding: VectorEncoding, vector: Float32Array): EncodedVector {
  switch (encoding) {
    case 'f32':
      return { bytes: new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength) };
    case 'f16': {
      const halves = new Uint16Array(vector.length);
      for (let i = 0; i < vector.length; i++) halves[i] = toHalf(vector[i] ?? 0);
      return { bytes: new Uint8Array(halves.buffer) };
    }
    case 'i8': {
      let scale = 0;
      for (const value of vector) scale = Math.max(scale, Math.abs(value));
      const levels = new Int8Array(vector.length);
      if (scale > 0) for (let i = 0; i < vector.length; i++) levels[i] = Math.round((127 * (vector[i] ?? 0)) / scale);
      return { bytes: new Uint8Array(levels.buffer), scale };
    }
  }
}

/**
 * The vector that `encodeVector` wrote. `f32` is a view of `bytes` where they are aligned to 4, else a copy.
 *
 * @throws PayloadError `BAD_VECTOR` for a length that holds no whole numbers, or `i8` without a scale
 */
export function decodeVector(encoding: VectorEncoding, bytes: Uint8Array, scale?: number): Float32Array {
  if (encoding === 'i8') {
    if (scale === undefined || !Number.isFinite(scale)) {
      throw new PayloadError('BAD_VECTOR', `an i8 vector needs a finite "scale" in its header, got ${String(scale)}`);
    }
    const levels = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const vector = new Float32Array(levels.length);
    for (let i = 0; i < levels.length; i++) vector[i] = (scale * (levels[i] ?? 0)) / 127;
    return vector;
  }
  const size = encoding === 'f32' ? 4 : 2;
  if (bytes.byteLength % size !== 0) {
    throw new PayloadError('BAD_VECTOR', `${bytes.byteLength} bytes are no whole number of ${encoding} values of ${size} bytes`);
  }
  // Not `slice`: that of a Buffer is a view as well.
  const aligned = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  if (encoding === 'f32') return new Float32Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 4);
  const halves = new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.byteLength / 2);
  const vector = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) vector[i] = fromHalf(halves[i] ?? 0);
  return vector;
}

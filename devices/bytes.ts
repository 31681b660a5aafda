/** Readers of numbers inside a byte array. THE CALLER CHECKS THAT THE BYTES ARE THERE. */

export const u16le = (data: Uint8Array, at: number): number => (data[at] ?? 0) | ((data[at + 1] ?? 0) << 8);

export const i16le = (data: Uint8Array, at: number): number => (u16le(data, at) << 16) >> 16;

export const u16be = (data: Uint8Array, at: number): number => ((data[at] ?? 0) << 8) | (data[at + 1] ?? 0);

/** Three little-endian int16, each times `scale`. */
export const scaled3 = (data: Uint8Array, at: number, scale: number): [number, number, number] => [
  i16le(data, at) * scale,
  i16le(data, at + 2) * scale,
  i16le(data, at + 4) * scale,
];

/** A view for the wider types. */
export const viewOf = (data: Uint8Array, at: number, length: number): DataView => new DataView(data.buffer, data.byteOffset + at, length);

/** The bytes as text; invalid UTF-8 becomes U+FFFD. */
export const textOf = (data: Uint8Array, from: number, to: number): string =>
  Buffer.from(data.buffer, data.byteOffset + from, to - from).toString('utf8');

export const radians = (degrees: number): number => (degrees * Math.PI) / 180;

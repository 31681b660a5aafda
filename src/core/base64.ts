/** The bytes of an array, in base64. */
export const base64Of = ({ buffer, byteOffset, byteLength }: Uint8Array | Float32Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/**
 * The float32 numbers, little-endian, that `base64Of` wrote.
 *
 * @throws RangeError where the bytes are no multiple of 4
 */
export const floatsOf = (base64: string): Float32Array => new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

/** Whether `floatsOf` can read it. */
export const holdsFloats = (base64: string): boolean => Buffer.byteLength(base64, 'base64') % 4 === 0;

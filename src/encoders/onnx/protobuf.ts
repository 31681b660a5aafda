/** The little of the protobuf wire format that writing an ONNX file takes. */

export type Bytes = Uint8Array;

function varint(value: number): Bytes {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}

/** A whole number, 0 or above. */
export const int = (field: number, value: number): Bytes => Buffer.concat([varint(field * 8), varint(value)]);
/** Length and bytes. */
export const bytes = (field: number, value: Bytes): Bytes => Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
export const text = (field: number, value: string): Bytes => bytes(field, Buffer.from(value));
export const message = (field: number, ...parts: readonly Bytes[]): Bytes => bytes(field, Buffer.concat(parts));

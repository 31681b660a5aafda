/**
 * Puts the 16-byte header of `envelope: stamp16` before a payload: u64 LE event time in microseconds since the epoch, u32 LE
 * sequence number (it wraps), u32 LE zero.
 */
export function stamp16(payload: Uint8Array, timeUs: number, seq: number): Buffer {
  const message = Buffer.alloc(16 + payload.byteLength);
  message.writeBigUInt64LE(BigInt(timeUs), 0);
  message.writeUInt32LE(seq >>> 0, 8);
  message.set(payload, 16);
  return message;
}

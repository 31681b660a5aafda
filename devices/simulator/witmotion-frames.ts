const HEADER = 0x55;
/** The data sheet rounds to 9.8; the modules are calibrated in units of standard gravity. */
const GRAVITY = 9.80665;
/** Full scale of the raw 16-bit values: 16 g and 2000 degrees/s (WitMotion standard protocol). */
const ACC_LSB = (16 * GRAVITY) / 32_768;
const GYRO_LSB = (2000 * Math.PI) / 180 / 32_768;
const TEMPERATURE = 2500;

/** Bytes of the two frames of one reading. */
export const READING_BYTES = 22;

function frame(target: Uint8Array, at: number, type: number, values: Float32Array, from: number, lsb: number): void {
  const view = new DataView(target.buffer, target.byteOffset + at, 11);
  view.setUint8(0, HEADER);
  view.setUint8(1, type);
  for (let axis = 0; axis < 3; axis++) {
    view.setInt16(2 + 2 * axis, Math.max(-32_768, Math.min(32_767, Math.round((values[from + axis] ?? 0) / lsb))), true);
  }
  view.setInt16(8, TEMPERATURE, true);
  let sum = 0;
  for (let i = 0; i < 10; i++) sum += view.getUint8(i);
  view.setUint8(10, sum & 0xff);
}

/**
 * One reading as a WitMotion sensor says it: an acceleration frame (0x55 0x51) and an angular rate frame (0x55 0x52), 11 bytes
 * each: three little-endian int16, the temperature, and the low byte of the sum as checksum.
 *
 * @param values acceleration x y z (m/s2), angular rate x y z (rad/s); what is beyond 16 g or 2000 degrees/s is clipped
 */
export function witmotionFrames(values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(READING_BYTES);
  frame(bytes, 0, 0x51, values, 0, ACC_LSB);
  frame(bytes, 11, 0x52, values, 3, GYRO_LSB);
  return bytes;
}

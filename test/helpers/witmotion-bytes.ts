const G = 9.80665;

/** One cycle of a WitMotion sensor: an acceleration packet (m/s2) and an angular rate packet (rad/s), as the device sends them. */
export const witmotionPair = (acc: readonly number[], gyro: readonly number[]): Buffer =>
  Buffer.concat([
    packet(
      0x51,
      acc.map((value) => (value / (16 * G)) * 32768),
    ),
    packet(
      0x52,
      gyro.map((value) => ((value * 180) / Math.PI / 2000) * 32768),
    ),
  ]);

function packet(type: number, values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(11);
  bytes[0] = 0x55;
  bytes[1] = type;
  for (const [i, value] of values.slice(0, 3).entries())
    bytes.writeInt16LE(Math.max(-32768, Math.min(32767, Math.round(value))), 2 + i * 2);
  bytes[10] = bytes.subarray(0, 10).reduce((sum, byte) => sum + byte, 0) & 255;
  return bytes;
}

/** Rows of acceleration (m/s2) and angular rate (rad/s), x y z, of a GoPro's telemetry. */
export interface GpmfMotion {
  readonly acc: readonly (readonly number[])[];
  readonly gyro: readonly (readonly number[])[];
}

/**
 * Reads ACCL and GYRO of a GPMF track (key, type, size, repeat; big endian, padded to 4). The cameras of 2016 to 2018 store
 * the axes as z, x, y.
 */
export function readGpmf(track: Buffer): GpmfMotion {
  const acc: number[][] = [];
  const gyro: number[][] = [];
  let scale = 1;
  const walk = (bytes: Buffer): void => {
    for (let at = 0; at + 8 <= bytes.length;) {
      const key = bytes.toString('latin1', at, at + 4);
      const type = bytes.readUInt8(at + 4);
      const length = bytes.readUInt8(at + 5) * bytes.readUInt16BE(at + 6);
      const body = bytes.subarray(at + 8, at + 8 + length);
      if (type === 0) walk(body);
      else if (key === 'SCAL') scale = length === 4 ? body.readInt32BE() : body.readInt16BE();
      else if (key === 'ACCL' || key === 'GYRO') {
        const rows = key === 'ACCL' ? acc : gyro;
        for (let i = 0; i + 6 <= body.length; i += 6) {
          const [z, x, y] = [0, 2, 4].map((offset) => body.readInt16BE(i + offset) / scale);
          rows.push([x!, y!, z!]);
        }
      }
      at += 8 + Math.ceil(length / 4) * 4;
    }
  };
  walk(track);
  return { acc, gyro };
}

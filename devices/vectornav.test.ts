import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteByByte, decodeAll, sentence, vectornavBinary } from '../test/device-bytes.ts';
import { vectornavAssembler } from './vectornav.ts';

const RECORDED = '/work/shared/data/replay/serial/vectornav-vnymr.txt';
const BODY = 'VNYMR,+090.000,-045.000,+000.000,+1.0,-2.0,+3.0,+00.100,+00.200,-09.800,+0.001,-0.002,+0.003';
const ymr = {
  frame: 'VNYMR',
  angle: [0, -Math.PI / 4, Math.PI / 2],
  mag: [1, -2, 3],
  acc: [0.1, 0.2, -9.8],
  gyro: [0.001, -0.002, 0.003],
};
const floats = (...values: number[]): Buffer => {
  const out = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => out.writeFloatLE(value, index * 4));
  return out;
};
/** Common group: time since startup, quaternion (x y z w), angular rate, acceleration. */
const binary = (startupUs: bigint): Buffer => {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(startupUs * 1000n);
  return vectornavBinary(0x01, [0x0131], Buffer.concat([time, floats(0, 0, 1, 0), floats(1, 2, 3), floats(4, 5, 6)]));
};

describe('vectornav', () => {
  it.each([2, 4] as const)('reads VNYMR with a checksum of %i digits', (digits) => {
    const bytes = sentence(BODY, digits);
    expect(decodeAll('vectornav', bytes, byteByByte(bytes))).toEqual({
      frames: [ymr],
      stats: { frames: 1, badFrames: 0, skippedBytes: 0 },
    });
  });

  it('reads binary output, also between sentences', () => {
    const bytes = Buffer.concat([binary(1_500_000n), sentence(BODY), binary(1_505_000n)]);
    const { frames, stats } = decodeAll('vectornav', bytes, byteByByte(bytes));
    expect(frames).toEqual([
      { frame: 'binary', startupUs: 1_500_000, quat: [0, 0, 0, 1], gyro: [1, 2, 3], acc: [4, 5, 6] },
      ymr,
      { frame: 'binary', startupUs: 1_505_000, quat: [0, 0, 0, 1], gyro: [1, 2, 3], acc: [4, 5, 6] },
    ]);
    expect(stats).toEqual({ frames: 3, badFrames: 0, skippedBytes: 0 });
  });

  it('reads several groups and falls back on uncompensated values', () => {
    // IMU group: uncompensated acceleration and rate; attitude group: yaw, pitch, roll.
    const bytes = vectornavBinary(0x14, [0x000c, 0x0002], Buffer.concat([floats(1, 2, 3), floats(4, 5, 6), floats(180, 0, 90)]));
    expect(decodeAll('vectornav', bytes).frames).toEqual([
      { frame: 'binary', acc: [1, 2, 3], gyro: [4, 5, 6], angle: [Math.PI / 2, 0, Math.PI] },
    ]);
  });

  it('refuses wrong checksums, wrong counts of fields and fields that are no numbers', () => {
    const wrong = Buffer.from(sentence(BODY));
    wrong[20] = 0x39;
    const bytes = Buffer.concat([wrong, sentence('VNACC,1,2'), sentence('VNACC,1,x,3'), sentence('VNACC,1,2,3')]);
    const { frames, stats } = decodeAll('vectornav', bytes);
    expect(frames).toEqual([{ frame: 'VNACC', acc: [1, 2, 3] }]);
    expect(stats).toMatchObject({ frames: 1, badFrames: 3 });
  });

  it('finds a sentence behind a cut one and behind a false binary header', () => {
    const cut = sentence(BODY).subarray(0, 30);
    const bytes = Buffer.concat([cut, sentence(BODY), Uint8Array.of(0xfa, 0x01, 0x01, 0x00), sentence(BODY)]);
    const { frames, stats } = decodeAll('vectornav', bytes, byteByByte(bytes));
    expect(frames).toEqual([ymr, ymr]);
    expect(stats.skippedBytes).toBe(34);
  });

  it('stamps readings with the time since startup', () => {
    const [frame] = decodeAll('vectornav', binary(42n)).frames;
    expect(vectornavAssembler().push(frame!)).toEqual({
      deviceUs: 42,
      payload: { kind: 'imu', values: Float32Array.of(4, 5, 6, 1, 2, 3) },
    });
  });

  it('reads sentences of public drivers', ({ skip }) => {
    if (!existsSync(RECORDED)) console.info(`skipped: ${RECORDED} is not here`);
    skip(!existsSync(RECORDED), `${RECORDED} is not here`);
    const { frames, stats } = decodeAll('vectornav', readFileSync(RECORDED));
    expect(frames.map(({ frame }) => frame)).toEqual(['VNYMR', 'VNYMR', 'VNYMR', 'VNYMR']);
    expect(frames[0]).toMatchObject({
      acc: [-1.258, -0.1, -9.701],
      gyro: [-0.000018, 0.001122, -0.000551],
      mag: [-0.0049, -0.2449, 0.5397],
    });
    expect(stats).toMatchObject({ frames: 4, badFrames: 1 });
  });
});

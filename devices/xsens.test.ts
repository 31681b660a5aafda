import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { byteByByte, decodeAll, float32s, xsensItem, xsensMessage } from '../test/device-bytes.ts';
import { xsensAssembler } from './xsens.ts';

const RECORDED = '/work/shared/data/replay/serial/xsens-packets.json';
const counter = (value: number): Buffer => xsensItem(0x1020, Uint8Array.of(value >> 8, value & 0xff));
const ticks = (value: number): Buffer => {
  const data = Buffer.alloc(4);
  data.writeUInt32BE(value);
  return xsensItem(0x1060, data);
};
const acc = xsensItem(0x4020, float32s(0.5, -9.75, 0.25));
const gyro = xsensItem(0x8020, float32s(1, 2, -3));
const imu = (packet: number, time: number): Buffer => xsensMessage(Buffer.concat([counter(packet), ticks(time), acc, gyro]));

/** Our field for each of the recording's, and what turns its value into ours. */
const OURS: Readonly<Record<string, string>> = {
  packet_counter: 'counter',
  sample_time_fine: 'timeFine',
  quaternion: 'quat',
  acceleration: 'acc',
  rate_of_turn: 'gyro',
  magnetic_field: 'mag',
  euler_angles: 'angle',
  delta_v: 'deltaV',
  delta_q: 'deltaQ',
  free_acceleration: 'freeAcc',
  rotation_matrix: 'rotation',
  temperature: 'temperatureCelsius',
  baro_pressure: 'pressurePa',
  status_word: 'status',
};

describe('xsens', () => {
  it('reads the items of a message', () => {
    const bytes = imu(513, 70_000);
    expect(decodeAll('xsens', bytes, byteByByte(bytes)).frames).toEqual([
      { frame: 'mtdata2', counter: 513, timeFine: 70_000, acc: [0.5, -9.75, 0.25], gyro: [1, 2, -3] },
    ]);
  });

  it('reads the four number formats', () => {
    // -1.5 in fp12.20, fp16.32 (fraction first) and float64; 360 degrees as angle.
    const fixed = xsensItem(0x0811, Uint8Array.of(0xff, 0xe8, 0, 0));
    const wide = xsensItem(0x0812, Uint8Array.of(0x80, 0, 0, 0, 0xff, 0xfe));
    const double = xsensItem(0x0813, Uint8Array.of(0xbf, 0xf8, 0, 0, 0, 0, 0, 0));
    for (const item of [fixed, wide, double]) {
      expect(decodeAll('xsens', xsensMessage(item)).frames).toEqual([{ frame: 'mtdata2', temperatureCelsius: -1.5 }]);
    }
    const euler = xsensMessage(xsensItem(0x2034, float32s(180, 0, -90)));
    expect(decodeAll('xsens', euler).frames).toEqual([{ frame: 'mtdata2', angle: [Math.PI, 0, -Math.PI / 2], coordinates: 'NED' }]);
  });

  it('reads an extended length and steps over unknown items', () => {
    const bytes = xsensMessage(Buffer.concat([xsensItem(0x7010, Buffer.alloc(250)), counter(7)]));
    expect(decodeAll('xsens', bytes, byteByByte(bytes))).toEqual({
      frames: [{ frame: 'mtdata2', counter: 7 }],
      stats: { frames: 1, badFrames: 0, skippedBytes: 0 },
    });
  });

  it('refuses an item that runs past the end or has the wrong length', () => {
    const past = xsensMessage(Uint8Array.of(0x10, 0x20, 9, 1));
    const short = xsensMessage(xsensItem(0x4020, float32s(1, 2)));
    expect(decodeAll('xsens', Buffer.concat([past, short, imu(1, 1)])).stats).toMatchObject({ frames: 1, badFrames: 2 });
  });

  it('skips other messages of the bus', () => {
    const wakeUp = xsensMessage(new Uint8Array(0), 0x3e);
    expect(decodeAll('xsens', Buffer.concat([wakeUp, imu(1, 1)])).stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: wakeUp.length });
  });

  it('finds messages behind a false length that runs past the end', () => {
    const cut = imu(1, 1).subarray(0, 20);
    const { stats } = decodeAll('xsens', Buffer.concat([cut, imu(2, 2)]));
    expect(stats).toMatchObject({ frames: 1, skippedBytes: 20 });
  });

  it('numbers and stamps readings, over wraps and restarts', () => {
    const assembler = xsensAssembler();
    const push = (packet: number, time: number): unknown => {
      const reading = assembler.push(decodeAll('xsens', imu(packet, time)).frames[0]!);
      return [reading?.seq, reading?.deviceUs];
    };
    expect(push(65535, 2 ** 32 - 100)).toEqual([65535, (2 ** 32 - 100) * 100]);
    expect(push(1, 100)).toEqual([65537, (2 ** 32 + 100) * 100]);
    // Started again: the number goes on, the clock steps back.
    expect(push(40_000, 50)).toEqual([65538, (2 ** 32 + 50) * 100]);
  });

  it('agrees with packets recorded from an MTi-300', ({ skip }) => {
    if (!existsSync(RECORDED)) console.info(`skipped: ${RECORDED} is not here`);
    skip(!existsSync(RECORDED), `${RECORDED} is not here`);
    const packets = JSON.parse(readFileSync(RECORDED, 'utf8')) as {
      hex: string;
      message_id: string;
      checksum_ok: boolean;
      mtdata2?: { field: string; value: number | number[] }[];
    }[];
    let compared = 0;
    for (const packet of packets) {
      const { frames } = decodeAll('xsens', Buffer.from(packet.hex, 'hex'));
      expect(frames).toHaveLength(packet.message_id === '0x36' && packet.checksum_ok ? 1 : 0);
      for (const { field, value } of packet.mtdata2 ?? []) {
        const wanted = [value].flat().map((part) => (field === 'euler_angles' ? (part * Math.PI) / 180 : part));
        const got = [frames[0]?.[OURS[field] ?? field]].flat() as number[];
        expect(got).toHaveLength(wanted.length);
        got.forEach((part, index) => {
          expect(part).toBeCloseTo(wanted[index]!, 6 - Math.ceil(Math.log10(Math.abs(wanted[index]!) + 1)));
          compared++;
        });
      }
    }
    expect(compared).toBeGreaterThanOrEqual(117);
  });
});

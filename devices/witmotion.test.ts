import { describe, expect, it } from 'vitest';
import { byteByByte, decodeAll, witmotionFrame } from '../test/device-bytes.ts';
import { witmotionAssembler } from './witmotion.ts';

const acc = witmotionFrame(0x51, [2048, -1024, 0, 2534]);
const gyro = witmotionFrame(0x52, [16384, 0, -16384, 0]);

describe('witmotion', () => {
  it('reads a frame written out by hand', () => {
    // 0x0800 of 0x8000 x 16 g = 1 g; 0x09E6 = 25.34 degrees Celsius.
    const bytes = Uint8Array.of(0x55, 0x51, 0x00, 0x08, 0x00, 0xfc, 0x00, 0x00, 0xe6, 0x09, 0x99);
    expect(decodeAll('witmotion', bytes).frames).toEqual([{ frame: 'acc', acc: [9.80665, -4.903325, 0], temperatureCelsius: 25.34 }]);
  });

  it('reads all six types in SI units', () => {
    const bytes = Buffer.concat([
      witmotionFrame(0x50, [0x0b1a, 0x0218, 0x0807, 7]),
      acc,
      gyro,
      witmotionFrame(0x53, [16384, -32768, 0, 0]),
      witmotionFrame(0x54, [100, -200, 300, 2000]),
      witmotionFrame(0x59, [16384, -16384, 16384, 16384]),
    ]);
    const { frames, stats } = decodeAll('witmotion', bytes, byteByByte(bytes));
    expect(frames).toEqual([
      { frame: 'time', time: '2026-11-24T02:07:08.007', deviceMs: Date.UTC(2026, 10, 24, 2, 7, 8, 7) },
      { frame: 'acc', acc: [9.80665, -4.903325, 0], temperatureCelsius: 25.34 },
      { frame: 'gyro', gyro: [expect.closeTo((1000 * Math.PI) / 180, 9), 0, expect.closeTo((-1000 * Math.PI) / 180, 9)] },
      { frame: 'angle', angle: [Math.PI / 2, -Math.PI, 0] },
      { frame: 'mag', mag: [100, -200, 300], temperatureCelsius: 20 },
      { frame: 'quat', quat: [0.5, -0.5, 0.5, 0.5] },
    ]);
    expect(stats).toEqual({ frames: 6, badFrames: 0, skippedBytes: 0 });
  });

  it('finds the good frame that a cut one would swallow', () => {
    const { frames, stats } = decodeAll('witmotion', Buffer.concat([acc.subarray(0, 5), gyro, acc]));
    expect(frames.map(({ frame }) => frame)).toEqual(['gyro', 'acc']);
    expect(stats).toEqual({ frames: 2, badFrames: 1, skippedBytes: 5 });
  });

  it('counts what is left at the end as skipped, and still looks for frames in it', () => {
    const falseHeader = Uint8Array.of(0x55);
    const { frames, stats } = decodeAll('witmotion', Buffer.concat([falseHeader, acc, gyro.subarray(0, 6)]));
    expect(frames).toHaveLength(1);
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 7 });
  });

  it('skips types that it does not know', () => {
    const { stats } = decodeAll('witmotion', Buffer.concat([witmotionFrame(0x56, [1, 2, 3, 4]), acc]));
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 11 });
  });
});

describe('witmotionAssembler', () => {
  const [a, g, angle, time] = decodeAll(
    'witmotion',
    Buffer.concat([acc, gyro, witmotionFrame(0x53, [0, 0, 0, 0]), witmotionFrame(0x50, [0x0101, 0x0001, 0, 250])]),
  ).frames;

  it('makes one reading of acc and the gyro behind it', () => {
    const assembler = witmotionAssembler();
    expect(assembler.push(a!)).toBeUndefined();
    expect(assembler.pending).toBe(1);
    const reading = assembler.push(g!);
    expect(reading?.payload).toEqual({ kind: 'imu', values: Float32Array.of(9.80665, -4.903325, 0, 17.45329252, 0, -17.45329252) });
    expect(assembler.pending).toBe(0);
    expect(assembler.stats).toEqual({ begun: 1, completed: 1, incomplete: 0, unused: 0 });
  });

  it('stamps it with the time frame of the same cycle only', () => {
    const assembler = witmotionAssembler();
    for (const frame of [time!, a!]) assembler.push(frame);
    expect(assembler.push(g!)?.deviceUs).toBe(Date.UTC(2001, 0, 1, 0, 0, 0, 250) * 1000);
    assembler.push(a!);
    expect(assembler.push(g!)).not.toHaveProperty('deviceUs');
  });

  it.each([
    ['a gyro without acc', [g, a, g], 1, 1],
    ['an acc without gyro', [a, a, g], 1, 1],
    ['another frame between', [a, angle, g], 0, 2],
  ])('counts %s', (_, frames, completed, incomplete) => {
    const assembler = witmotionAssembler();
    for (const frame of frames) assembler.push(frame!);
    expect(assembler.stats).toMatchObject({ completed, incomplete });
    expect(assembler.stats.begun).toBe(completed + incomplete + assembler.pending);
  });

  it('does not pair over a gap', () => {
    const assembler = witmotionAssembler();
    assembler.push(a!);
    expect(assembler.push(g!, true)).toBeUndefined();
    expect(assembler.stats).toMatchObject({ begun: 2, incomplete: 2 });
  });

  it('gives up what waits when the line is interrupted', () => {
    const assembler = witmotionAssembler();
    assembler.push(a!);
    assembler.interrupt();
    expect(assembler.pending).toBe(0);
    expect(assembler.stats.incomplete).toBe(1);
  });
});

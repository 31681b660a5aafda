import { describe, expect, it } from 'vitest';
import { byteByByte, decodeAll, gyFrame } from '../test/device-bytes.ts';
import { gyMcu90640Assembler } from './gy-mcu90640.ts';

const pixels = Array.from({ length: 768 }, (_, index) => index * 10 - 2000);
const frame = gyFrame(pixels, 2531);

describe('gy-mcu90640', () => {
  it('reads 24 rows of 32 in degrees Celsius, and the ambient temperature', () => {
    const [read] = decodeAll('gy-mcu90640', frame, byteByByte(frame)).frames;
    expect(read).toMatchObject({ frame: 'gy-mcu90640', width: 32, height: 24, ambientCelsius: 25.31 });
    const celsius = read?.['celsius'] as Float64Array;
    expect(celsius).toHaveLength(768);
    expect([celsius[0], celsius[31], celsius[32], celsius[767]]).toEqual([-20, -16.9, -16.8, 56.7]);
  });

  it('finds the frame behind a run of header bytes', () => {
    const { stats } = decodeAll('gy-mcu90640', Buffer.concat([Uint8Array.of(0x5a, 0x5a, 0x5a), frame]));
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 3 });
  });

  it('refuses a flipped bit and loses nothing behind it', () => {
    const bad = Buffer.from(frame);
    bad[700] = (bad[700] ?? 0) ^ 0x10;
    const { stats } = decodeAll('gy-mcu90640', Buffer.concat([bad, frame, frame]));
    expect(stats).toEqual({ frames: 2, badFrames: 1, skippedBytes: 1544 });
  });

  it('finds good frames behind a cut one', () => {
    const { stats } = decodeAll('gy-mcu90640', Buffer.concat([frame.subarray(0, 900), frame, frame.subarray(0, 100)]));
    expect(stats).toEqual({ frames: 1, badFrames: 1, skippedBytes: 1000 });
  });

  it('gives a thermal picture', () => {
    const [read] = decodeAll('gy-mcu90640', frame).frames;
    const payload = gyMcu90640Assembler().push(read!)?.payload;
    expect(payload).toMatchObject({ kind: 'thermal', width: 32, height: 24 });
    expect(payload?.kind === 'thermal' && payload.celsius[33]).toBeCloseTo(-16.7, 5);
  });
});

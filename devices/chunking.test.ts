import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cobsFrame,
  decodeAll,
  float32s,
  gyFrame,
  leptonSegment,
  sentence,
  slipFrame,
  vectornavBinary,
  witmotionFrame,
  xsensItem,
  xsensMessage,
} from '../test/device-bytes.ts';

/** A good frame out of a number; different numbers give different frames. */
const FRAMES: Readonly<Record<string, (seed: number) => Buffer>> = {
  witmotion: (seed) => witmotionFrame([0x51, 0x52, 0x53, 0x54, 0x59][seed % 5]!, [seed, seed * 3, 0x5551, seed]),
  'gy-mcu90640': (seed) => gyFrame(new Array<number>(768).fill(seed % 3 ? 0x5a5a : seed), seed),
  xsens: (seed) => xsensMessage(Buffer.concat([xsensItem(0x4020, float32s(seed, 1, 2)), xsensItem(0x8020, Buffer.alloc(12, 0xfa))])),
  vectornav: (seed) =>
    seed % 2 ? sentence(`VNACC,${seed},2,3`, seed % 4 === 1 ? 2 : 4) : vectornavBinary(1, [0x20], Buffer.alloc(12, 0xfa)),
  lepton: (seed) => leptonSegment(20_000 + (seed % 1000)),
  nmea: (seed) => sentence(`GPXTE,${seed}`),
  cobs: (seed) => cobsFrame(Buffer.alloc(seed % 600, seed)),
  slip: (seed) => slipFrame(Buffer.alloc(seed % 600, seed), { leading: seed % 3 === 0 }),
  ndjson: (seed) => Buffer.from(`{"n":${seed}}\n`),
  csv: (seed) => Buffer.from(`${seed},${seed * 2}\n`),
};

/** What stands on a bad line: a frame, one with a byte changed, the beginning of one, or noise. */
const part = (make: (seed: number) => Buffer): fc.Arbitrary<{ good: boolean; bytes: Uint8Array }> =>
  fc.oneof(
    fc.nat(60_000).map((seed) => ({ good: true, bytes: make(seed) })),
    fc.tuple(fc.nat(60_000), fc.nat(), fc.integer({ min: 1, max: 255 })).map(([seed, at, change]) => {
      const bytes = make(seed);
      bytes[at % bytes.length]! ^= change;
      return { good: false, bytes };
    }),
    fc.tuple(fc.nat(60_000), fc.nat()).map(([seed, at]) => {
      const bytes = make(seed);
      return { good: false, bytes: bytes.subarray(0, at % bytes.length) };
    }),
    fc.uint8Array({ maxLength: 40 }).map((bytes) => ({ good: false, bytes })),
  );

describe.each(Object.entries(FRAMES))('%s on a bad line', (name, make) => {
  const numRuns = name === 'lepton' || name === 'gy-mcu90640' ? 25 : 150;

  it('gives the same frames and counts however the bytes are cut', () => {
    const stream = fc.array(part(make), { maxLength: 8 }).map((parts) => Buffer.concat(parts.map(({ bytes }) => bytes)));
    fc.assert(
      fc.property(stream, fc.array(fc.oneof(fc.nat(4), fc.nat(700)), { maxLength: 200 }), (bytes, lengths) => {
        const whole = decodeAll(name, bytes);
        expect(decodeAll(name, bytes, lengths)).toEqual(whole);
        expect(whole.stats.frames).toBe(whole.frames.length);
        expect(whole.stats.skippedBytes).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns, seed: 20 },
    );
  });

  it('gives every good frame and accounts for every byte of a clean line', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60_000), { maxLength: 12 }), (seeds) => {
        const { stats } = decodeAll(name, Buffer.concat(seeds.map(make)));
        expect(stats).toEqual({ frames: seeds.length, badFrames: 0, skippedBytes: 0 });
      }),
      { numRuns: 30, seed: 21 },
    );
  });
});

// Delimited frames share their delimiter with the noise before them, and eight bits of checksum let some noise pass: those have
// tests of their own.
describe.each(['gy-mcu90640', 'xsens', 'vectornav', 'nmea', 'lepton'])('%s between noise', (name) => {
  it('loses no good frame and counts all other bytes as skipped', () => {
    const make = FRAMES[name]!;
    const noise = fc.uint8Array({ maxLength: 60 }).map((bytes) => bytes.map((byte) => (byte === 0x24 || byte === 0x21 ? 0 : byte)));
    fc.assert(
      fc.property(fc.array(fc.tuple(noise, fc.nat(60_000)), { maxLength: 4 }), noise, (parts, tail) => {
        const good = parts.map(([, seed]) => make(seed));
        const bytes = Buffer.concat([...parts.flatMap(([before], index) => [before, good[index]!]), tail]);
        const { stats } = decodeAll(name, bytes);
        expect(stats.frames).toBe(good.length);
        expect(stats.skippedBytes).toBe(bytes.length - Buffer.concat(good).length);
      }),
      { numRuns: name === 'lepton' ? 20 : 100, seed: 22 },
    );
  });
});

import { describe, expect, it } from 'vitest';
import type { Payload, Sample } from '../core/types.ts';
import { qualityField, qualityOf } from './quality.ts';

const window = (payloads: readonly Payload[]): Sample[] =>
  payloads.map((payload, seq) => ({ source: 's', modality: 'image', seq, timeUs: seq, durationUs: 0, errorUs: 0, payload }));

/** Sound of a sine that would reach `peak`, cut at full scale as a converter cuts it. */
const sound = (peak: number): Payload => ({
  kind: 'pcm',
  rateHz: 16_000,
  data: Float32Array.from({ length: 1600 }, (_, i) => Math.max(-1, Math.min(1, peak * Math.sin(i / 5)))),
});
const picture = (levelAt: (i: number) => number): Payload => ({
  kind: 'rgb24',
  width: 64,
  height: 48,
  data: Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => levelAt(Math.floor(i / 3))),
});
const heat = (celsiusAt: (i: number) => number): Payload => ({
  kind: 'thermal',
  width: 32,
  height: 24,
  celsius: Float32Array.from({ length: 768 }, (_, i) => celsiusAt(i)),
});
const depth = (share: number): Payload => ({
  kind: 'depth',
  width: 32,
  height: 24,
  mm: Uint16Array.from({ length: 768 }, (_, i) => (i < share * 768 ? 1000 : 0)),
});
const motion = (valueAt: (i: number) => number): Payload[] =>
  Array.from({ length: 20 }, (_, i) => ({ kind: 'imu' as const, values: new Float32Array(6).fill(valueAt(i)) }));
const textured = (i: number): number => (i * 7919) % 200;

describe('qualityOf', () => {
  const cases: [string, Payload[], number, number][] = [
    ['sound that can be heard', [sound(0.1), sound(0.1)], 1, 1],
    ['silence', [sound(0), sound(0)], 0, 0],
    ['the floor of a microphone', [sound(5e-4)], 0.2, 0.8],
    ['sound that clips now and then', [sound(1.002), sound(0.5)], 0.6, 0.95],
    ['sound that only clips', [sound(50)], 0, 0],
    ['a picture', [picture(textured)], 1, 1],
    ['a dark picture', [picture((i) => i % 3)], 0, 0.1],
    ['a burnt picture', [picture((i) => (i % 50 === 0 ? 200 : 255))], 0, 0.3],
    ['a covered lens', [picture(() => 90)], 0, 0],
    ['a compressed picture, which nobody has decoded yet', [{ kind: 'encoded', bytes: new Uint8Array(4) }], 1, 1],
    ['a heat map', [heat((i) => 20 + (i % 10))], 1, 1],
    ['a heat map of the closed shutter', [heat(() => 20)], 0, 0],
    ['a heat map of nothing', [heat(() => Number.NaN)], 0, 0],
    ['depth with holes', [depth(0.6)], 1, 1],
    ['depth that is nearly all holes', [depth(0.05)], 0.1, 0.3],
    ['a motion sensor at rest', motion((i) => 9.81 + (i % 3) * 1e-4), 1, 1],
    ['a stuck motion sensor', motion(() => 9.81), 0, 0],
  ];
  it.each(cases)('of %s', (_, payloads, least, most) => {
    const quality = qualityOf(window(payloads));
    expect(quality).toBeGreaterThanOrEqual(least);
    expect(quality).toBeLessThanOrEqual(most);
  });

  it('is said only where something is wrong', () => {
    expect(qualityField(window([sound(0.1)]))).toEqual({});
    expect(qualityField(window([sound(0)]))).toEqual({ quality: 0 });
  });
});

import { describe, expect, it } from 'vitest';
import { decodeFrame } from '../core/binary-frame.ts';
import type { Imu, Pcm, Sample } from '../core/types.ts';
import { SampleBatch } from './sample-batch.ts';

const imu = (seq: number): Sample<Imu> => ({
  source: 'wrist',
  modality: 'imu',
  seq,
  timeUs: 1_000_000 + seq * 5_000,
  durationUs: 0,
  errorUs: 0,
  payload: { kind: 'imu', values: Float32Array.of(seq, 0, 9.81, 0, 0, 0.5) },
});
const sound = (seq: number, length: number, rateHz = 16_000, value = 0.25): Sample<Pcm> => ({
  source: 'mic',
  modality: 'audio',
  seq,
  timeUs: seq * 20_000,
  durationUs: 20_000,
  errorUs: 0,
  payload: { kind: 'pcm', rateHz, data: new Float32Array(length).fill(value) },
});
const floats = (body: Uint8Array): Float32Array => new Float32Array(body.slice().buffer);
const shorts = (body: Uint8Array): Int16Array => new Int16Array(body.slice().buffer);

describe('SampleBatch', () => {
  it('collects inertial rows in order', () => {
    const batch = new SampleBatch(imu(0));
    for (let seq = 1; seq < 40; seq++) expect(batch.absorb(new SampleBatch(imu(seq)))).toBe(0);
    expect(batch.size).toBe(40);
    const { kind, header, body } = decodeFrame(batch.frame('s1').bytes);
    expect(kind).toBe('raw');
    expect(header).toEqual({
      op: 'sample',
      sub: 's1',
      source: 'wrist',
      modality: 'imu',
      seq: 0,
      timeUs: 1_000_000,
      format: 'imu-f32',
      endUs: 1_195_000,
    });
    expect(floats(body).length).toBe(240);
    expect([...floats(body).subarray(234)]).toEqual([39, 0, Math.fround(9.81), 0, 0, 0.5]);
  });

  it('writes sound as 16-bit integers, clipped', () => {
    const batch = new SampleBatch(sound(0, 3));
    batch.absorb(new SampleBatch(sound(1, 2, 16_000, 7)));
    batch.absorb(new SampleBatch(sound(2, 1, 16_000, -7)));
    const { header, body } = decodeFrame(batch.frame('s1').bytes);
    expect(header).toMatchObject({ format: 'pcm_s16le', rateHz: 16_000, timeUs: 0, endUs: 60_000 });
    expect([...shorts(body)]).toEqual([8192, 8192, 8192, 32_767, 32_767, -32_768]);
  });

  it('is bounded: the oldest go, and it says how many', () => {
    const batch = new SampleBatch(sound(0, 16_000));
    let gone = 0;
    for (let seq = 1; seq < 10; seq++) gone += batch.absorb(new SampleBatch(sound(seq, 16_000)));
    expect(gone).toBe(6);
    expect(batch.size).toBe(4);
    const { header, body } = decodeFrame(batch.frame('s1').bytes);
    expect(header).toMatchObject({ seq: 6, skipped: 6 });
    expect(body.length).toBe(128_000);
  });

  it('begins anew where the rate changes', () => {
    const batch = new SampleBatch(sound(0, 100));
    expect(batch.absorb(new SampleBatch(sound(1, 100, 48_000)))).toBe(1);
    expect(decodeFrame(batch.frame('s1').bytes).header).toMatchObject({ rateHz: 48_000, seq: 1, skipped: 1 });
  });
});

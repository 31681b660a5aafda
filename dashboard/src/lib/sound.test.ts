import { describe, expect, it } from 'vitest';
import { PcmQueue } from './pcm-queue.ts';
import { PowerSpectrum } from './power-spectrum.ts';

describe('PowerSpectrum', () => {
  it('reads a full-scale sine as 1 in its bin, and nothing far from it', () => {
    const spectrum = new PowerSpectrum(512);
    const power = spectrum.compute(Float32Array.from({ length: 512 }, (_, i) => Math.sin((2 * Math.PI * 40 * i) / 512)));
    expect(power[40]).toBeCloseTo(1, 3);
    expect(Math.max(...power.subarray(0, 38), ...power.subarray(43))).toBeLessThan(1e-6);
  });

  it('agrees with the plain sum of the definition', () => {
    const samples = Float32Array.from({ length: 64 }, (_, i) => Math.sin(i * i) * 0.5);
    const power = new PowerSpectrum(64).compute(samples);
    for (let bin = 0; bin < 32; bin++) {
      let re = 0;
      let im = 0;
      for (const [i, sample] of samples.entries()) {
        const windowed = sample * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 64));
        re += windowed * Math.cos((2 * Math.PI * bin * i) / 64);
        im -= windowed * Math.sin((2 * Math.PI * bin * i) / 64);
      }
      expect(power[bin]).toBeCloseTo((re * re + im * im) * (4 / 64) ** 2, 5);
    }
  });
});

describe('PcmQueue', () => {
  const chunk = (value: number, length = 100) => new Int16Array(length).fill(value);

  it('hands out overlapping blocks, and nothing before there is enough', () => {
    const queue = new PcmQueue(1000);
    const block = new Float32Array(150);
    queue.push(chunk(16_384), 0, 1000);
    expect(queue.take(block, 50)).toBe(false);
    queue.push(chunk(-16_384), 100_000, 1000);
    expect(queue.take(block, 50)).toBe(true);
    expect([block[0], block[99], block[100]]).toEqual([0.5, 0.5, -0.5]);
    expect(queue.length).toBe(150);
  });

  it('fills a hole in time with silence', () => {
    const queue = new PcmQueue(1000);
    queue.push(chunk(100), 0, 1000);
    queue.push(chunk(100), 300_000, 1000);
    expect(queue.length).toBe(400);
  });

  it('drops the oldest where nobody reads', () => {
    const queue = new PcmQueue(1000);
    for (let i = 0; i < 50; i++) queue.push(chunk(i), i * 100_000, 1000);
    expect(queue.length).toBe(1000);
    const block = new Float32Array(1);
    queue.take(block, 1);
    expect(block[0]).toBeCloseTo(40 / 32_768);
    queue.push(chunk(1), 9e9, 1000);
    expect(queue.length).toBe(1000);
  });
});

import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { isLight } from './is-light.ts';

const picture = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: { r: 9, g: 90, b: 200 } } });

describe('isLight', () => {
  it('goes by the size that a JPEG says, not by its bytes', async () => {
    const light = await picture(640, 480).jpeg({ quality: 100 }).toBuffer();
    const heavy = await picture(4000, 3000).jpeg({ quality: 20 }).toBuffer();
    expect(isLight({ kind: 'encoded', bytes: light })).toBe(true);
    expect(isLight({ kind: 'encoded', bytes: heavy })).toBe(false);
  });

  it('takes for heavy what it cannot tell: other formats, a JPEG that ends in its head, clips', async () => {
    expect(isLight({ kind: 'encoded', bytes: await picture(20, 10).png().toBuffer() })).toBe(false);
    const jpeg = await picture(20, 10).jpeg().toBuffer();
    expect(isLight({ kind: 'encoded', bytes: jpeg.subarray(0, 30) })).toBe(false);
    expect(isLight({ kind: 'encoded', bytes: new Uint8Array() })).toBe(false);
    expect(isLight({ kind: 'clip', frames: [{ kind: 'encoded', bytes: jpeg }] })).toBe(false);
  });

  it('takes arrays of a modest size', () => {
    expect(isLight({ kind: 'rgb24', width: 640, height: 480, data: new Uint8Array(921_600) })).toBe(true);
    expect(isLight({ kind: 'rgb24', width: 1920, height: 1080, data: new Uint8Array(6_220_800) })).toBe(false);
    expect(isLight({ kind: 'thermal', width: 32, height: 24, celsius: new Float32Array(768) })).toBe(true);
    expect(isLight({ kind: 'depth', width: 1280, height: 720, mm: new Uint16Array(921_600) })).toBe(false);
  });
});

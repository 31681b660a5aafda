import { expect, it } from 'vitest';
import { SpareBuffers } from './spare-buffers.ts';

it('gives back a buffer of exactly the size asked for, once', () => {
  const spares = new SpareBuffers();
  const [small, large, small2] = [new ArrayBuffer(65_536), new ArrayBuffer(100_000), new ArrayBuffer(65_536)];
  spares.add([small, large]);
  spares.add([small2]);
  expect(spares.take(99_999)).toBeUndefined();
  expect([spares.take(65_536), spares.take(65_536), spares.take(65_536)]).toEqual([small, small2, undefined]);
  expect(spares.take(100_000)).toBe(large);
});

it('keeps the newest few, and none that is small or has been given away', () => {
  const spares = new SpareBuffers();
  const many = Array.from({ length: 20 }, (_, i) => new ArrayBuffer(70_000 + i));
  const gone = new ArrayBuffer(90_000);
  structuredClone(gone, { transfer: [gone] });
  spares.add([...many, gone, new ArrayBuffer(100)]);
  expect(many.filter(({ byteLength }) => spares.take(byteLength))).toEqual(many.slice(-8));
});

it('keeps 16 MiB at most, and none that is larger', () => {
  const spares = new SpareBuffers();
  const six = 6 * 2 ** 20;
  spares.add([new ArrayBuffer(six), new ArrayBuffer(six + 1), new ArrayBuffer(six + 2), new ArrayBuffer(17 * 2 ** 20)]);
  expect([six, six + 1, six + 2, 17 * 2 ** 20].map((bytes) => spares.take(bytes)?.byteLength)).toEqual([
    undefined,
    six + 1,
    six + 2,
    undefined,
  ]);
});

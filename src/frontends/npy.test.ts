import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PayloadError } from '../core/errors.ts';
import { readNpy, writeNpy } from './npy.ts';

const file = (header: string, body: Uint8Array = new Uint8Array(0)): Uint8Array => {
  const head = Buffer.from('\x93NUMPY\x01\x00..', 'latin1');
  head.writeUInt16LE(header.length, 8);
  return Buffer.concat([head, Buffer.from(header, 'latin1'), body]);
};

describe('.npy', () => {
  it('gives back what was written, whatever the shape', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }), (shape) => {
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i / 3);
        const bytes = writeNpy({ shape, data });
        expect(readNpy(bytes)).toEqual({ shape, data });
        // NumPy wants the data to begin at a multiple of 64.
        expect((bytes.length - data.byteLength) % 64).toBe(0);
      }),
    );
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['other magic', Buffer.from('NUMPY and more of it')],
    ['a cut header', writeNpy({ shape: [2], data: new Float32Array(2) }).subarray(0, 40)],
    ['cut data', writeNpy({ shape: [2], data: new Float32Array(2) }).subarray(0, -1)],
    ['more data than its shape', Buffer.concat([writeNpy({ shape: [2], data: new Float32Array(2) }), Buffer.alloc(4)])],
    ['Fortran order', file("{'descr': '<f4', 'fortran_order': True, 'shape': (0,), }")],
    ['objects', file("{'descr': '|O', 'fortran_order': False, 'shape': (0,), }")],
    ['a name of all objects', file("{'descr': 'toString', 'fortran_order': False, 'shape': (0,), }")],
    ['two negative sizes', file("{'descr': '|u1', 'fortran_order': False, 'shape': (-1, -1), }", new Uint8Array(1))],
    ['a size that is no number', file("{'descr': '|u1', 'fortran_order': False, 'shape': (a,), }")],
    ['a size beyond all numbers', file("{'descr': '|u1', 'fortran_order': False, 'shape': (0, 99999999999999999999), }")],
    ['a broken size', file("{'descr': '|u1', 'fortran_order': False, 'shape': (0.5, 2), }", new Uint8Array(1))],
    ['no shape', file("{'descr': '<f4'}")],
  ])('refuses %s', (_, bytes) => {
    expect(() => readNpy(bytes)).toThrow(PayloadError);
  });
});

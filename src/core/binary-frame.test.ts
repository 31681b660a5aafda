import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFrame, encodeFrame, type FrameKind } from './binary-frame.ts';
import { PayloadError } from './errors.ts';
import { decodeVector, encodeVector } from './vector-codec.ts';

const kinds = fc.constantFrom<FrameKind>('f32', 'f16', 'i8', 'raw');
const vectors = fc.float32Array({ minLength: 1, maxLength: 64, noNaN: true, min: -4, max: 4 });

describe('binary frame', () => {
  it('is laid out byte by byte as docs/wire.md says', () => {
    const frame = encodeFrame('i8', '{"a":12}x', new Uint8Array([7, 8]));
    expect([...frame.subarray(0, 4)]).toEqual([1, 3, 12, 0]);
    expect(new TextDecoder().decode(frame.subarray(4, 16))).toBe('{"a":12}x   ');
    expect([...frame.subarray(16)]).toEqual([7, 8]);
  });

  it('round-trips any header and body, the body at a multiple of 4', () => {
    fc.assert(
      fc.property(kinds, fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array(), (kind, header, body) => {
        const json = JSON.stringify(header);
        const frame = encodeFrame(kind, json, body);
        const back = decodeFrame(frame);
        expect(back.kind).toBe(kind);
        expect(back.header).toEqual(JSON.parse(json));
        expect([...back.body]).toEqual([...body]);
        expect((frame.length - body.length) % 4).toBe(0);
      }),
    );
  });

  it('refuses every truncation and any garbage with a named error, never by another', () => {
    const frame = encodeFrame('f32', '{"op":"embedding"}', new Uint8Array(8));
    for (let length = 0; length < 24; length++) expect(() => decodeFrame(frame.subarray(0, length)), String(length)).toThrow(PayloadError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          decodeFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(PayloadError);
        }
      }),
    );
  });

  it('refuses a header that no reader could take', () => {
    expect(() => encodeFrame('raw', `"${'x'.repeat(70_000)}"`, new Uint8Array())).toThrow(/at most 65532/);
    for (const header of ['[]', '1', 'null', '{', ''])
      expect(() => decodeFrame(encodeFrame('raw', header, new Uint8Array()))).toThrow(PayloadError);
  });
});

describe('vector codec', () => {
  it('keeps f32 exact, f16 to 11 bits, i8 to half a step, wherever the bytes lie', () => {
    fc.assert(
      fc.property(vectors, fc.integer({ min: 0, max: 3 }), (vector, offset) => {
        const scale = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const bounds = { f32: () => 0, f16: (value: number) => Math.abs(value) * 2 ** -11 + 2 ** -25, i8: () => scale / 254 + 1e-6 };
        for (const encoding of ['f32', 'f16', 'i8'] as const) {
          const encoded = encodeVector(encoding, vector);
          // A Buffer, because its methods are not those of a Uint8Array.
          const moved = Buffer.alloc(encoded.bytes.length + offset).subarray(offset);
          moved.set(encoded.bytes);
          const back = decodeVector(encoding, moved, encoded.scale);
          expect(back.length).toBe(vector.length);
          for (const [i, value] of vector.entries())
            expect(Math.abs((back[i] ?? NaN) - value)).toBeLessThanOrEqual(bounds[encoding](value));
        }
      }),
    );
  });

  it('says what is wrong with bytes that are no vector', () => {
    expect(() => decodeVector('f32', new Uint8Array(7))).toThrow(/7 bytes/);
    expect(() => decodeVector('f16', new Uint8Array(3))).toThrow(PayloadError);
    expect(() => decodeVector('i8', new Uint8Array(3))).toThrow(/scale/);
    expect([...decodeVector('i8', encodeVector('i8', new Float32Array(3)).bytes, 0)]).toEqual([0, 0, 0]);
  });
});

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonFields } from './json-fields.ts';
import { payloadFormat } from './payload-formats.ts';

const source = { id: 'nose', modality: 'gas', from: 'mqtt:nose' };

it('reads any finite numbers of a sensor of one’s own, and nothing else', () => {
  const read = payloadFormat({ ...source, format: 'array-f32', channels: 3 });
  fc.assert(
    fc.property(fc.array(fc.float(), { maxLength: 5 }), (values) => {
      const body = new Uint8Array(Float32Array.from(values).buffer);
      if (values.length === 3 && values.every(Number.isFinite))
        expect(read?.(body)).toEqual({ kind: 'array', width: 3, height: 1, values: Float32Array.from(values) });
      else expect(() => read?.(body)).toThrow(values.length === 3 ? 'NaN or infinite' : 'wanted 12');
    }),
  );
});

it('reads maps, and JSON', () => {
  const map = payloadFormat({ ...source, format: 'array-f32', width: 2, height: 2 });
  expect(map?.(new Uint8Array(16))).toMatchObject({ width: 2, height: 2 });
  const read = jsonFields({ ...source, format: 'json', channels: 2, fields: { values: 'air.ppm', timeUs: 't' } });
  expect(read(Buffer.from('{"t": 5, "air": {"ppm": [1, 2]}}'))).toEqual({
    payload: { kind: 'array', width: 2, height: 1, values: Float32Array.of(1, 2) },
    deviceUs: 5,
  });
  expect(() => read(Buffer.from('{"t": 5, "air": {"ppm": [1]}}'))).toThrow('not a list of 2 numbers');
});

it('wants to know the shape, and a name that is no known sense', () => {
  expect(() => payloadFormat({ ...source, format: 'array-f32' })).toThrow('needs channels');
  expect(() => payloadFormat({ ...source, format: 'array-f32', channels: 2, width: 2, height: 1 })).toThrow('needs channels');
  expect(() => payloadFormat({ ...source, modality: 'imu', format: 'array-f32', channels: 6 })).toThrow('a name of your own');
});

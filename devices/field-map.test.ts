import { describe, expect, it } from 'vitest';
import { UsageError } from '../src/core/errors.ts';
import { fieldAssembler, type FieldMapOptions, readingFromFields } from './field-map.ts';
import type { Modality } from '../src/core/types.ts';

describe('readingFromFields', () => {
  it('reads lists by their own names', () => {
    expect(readingFromFields({ acc: [1, 2, 3], gyro: [4, 5, 6], seq: 9, timeUs: 12.4 }, 'imu')).toEqual({
      payload: { kind: 'imu', values: Float32Array.of(1, 2, 3, 4, 5, 6) },
      seq: 9,
      deviceUs: 12,
    });
  });

  it('reads columns', () => {
    const row = { ax: 1, ay: 2, az: 3, gx: 4, gy: 5, gz: 6, timeMs: 1.5 };
    expect(readingFromFields(row, 'imu')).toMatchObject({ payload: { kind: 'imu' }, deviceUs: 1500 });
  });

  it('follows dotted paths', () => {
    const options = { fields: { acc: 'imu.a', gyro: 'imu.g', timeS: 't', seq: 'n.0' } };
    expect(readingFromFields({ imu: { a: [0, 0, 9.8], g: [0, 0, 0] }, t: 2, 'n.0': 5 }, 'imu', options)).toMatchObject({
      seq: 5,
      deviceUs: 2_000_000,
    });
  });

  it('reads rows, and flat lists of a known size', () => {
    expect(
      readingFromFields(
        {
          celsius: [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
        },
        'thermal',
      )?.payload,
    ).toMatchObject({ kind: 'thermal', width: 2, height: 3 });
    expect(readingFromFields({ px: [1, 2] }, 'depth', { fields: { mm: 'px' }, width: 2, height: 1 })?.payload).toEqual({
      kind: 'depth',
      width: 2,
      height: 1,
      mm: Uint16Array.of(1, 2),
    });
  });

  it.each<[string, Record<string, unknown>, Modality, FieldMapOptions?]>([
    ['a missing vector', { acc: [1, 2, 3] }, 'imu'],
    ['a vector of two', { acc: [1, 2], gyro: [1, 2, 3] }, 'imu'],
    ['a text among numbers', { acc: [1, '2', 3], gyro: [1, 2, 3] }, 'imu'],
    ['a flat list of unknown size', { celsius: [1, 2] }, 'thermal'],
    ['rows of unequal length', { celsius: [[1, 2], [3]] }, 'thermal'],
    ['rows of another size than the config says', { celsius: [[1, 2]] }, 'thermal', { width: 3 }],
    ['a distance that 16 bits would turn into another', { mm: [[70_000, 5]] }, 'depth'],
    ['a temperature that float32 cannot hold', { celsius: [[1e39, 5]] }, 'thermal'],
    ['a motion that float32 cannot hold', { acc: [1e39, 2, 3], gyro: [1, 2, 3] }, 'imu'],
    ['a sequence number beyond all counting', { acc: [1, 2, 3], gyro: [4, 5, 6], seq: 1e300 }, 'imu'],
    ['a time beyond all clocks', { acc: [1, 2, 3], gyro: [4, 5, 6], timeS: 1e300 }, 'imu'],
    ['a path through a text', { a: 'x' }, 'imu', { fields: { acc: 'a.length' } }],
  ])('refuses %s', (_, object, modality, options) => {
    expect(readingFromFields(object, modality, options)).toBeUndefined();
  });

  it('counts frames that hold no reading', () => {
    const assembler = fieldAssembler('ndjson', 'imu');
    assembler.push({ frame: 'ndjson', status: 'booting' });
    assembler.push({ frame: 'ndjson', acc: [1, 2, 3], gyro: [4, 5, 6] });
    expect(assembler.stats).toEqual({ begun: 1, completed: 1, incomplete: 0, unused: 1 });
  });

  it('says which modalities it can give', () => {
    expect(() => fieldAssembler('csv', 'audio')).toThrow(UsageError);
    expect(() => fieldAssembler('csv', 'audio')).toThrow('csv gives imu, thermal, depth, not audio');
  });
});

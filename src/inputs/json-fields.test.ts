import { describe, expect, it } from 'vitest';
import { jsonFields } from './json-fields.ts';
import { payloadFormat } from './payload-formats.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('format json: numbers that no sensor can mean are refused', () => {
  const imu = jsonFields({ id: 'wrist', modality: 'imu', from: 'mqtt:x', fields: { acc: 'a', gyro: 'g', timeUs: 't', seq: 'n' } });
  const message = ({ a = '[0,0,9.8]', t = '5', n = '1' }): Uint8Array => bytes(`{"a":${a},"g":[0,0,0],"t":${t},"n":${n}}`);

  it('takes what is right', () => {
    expect(imu(message({}))).toMatchObject({ deviceUs: 5, seq: 1, payload: { kind: 'imu' } });
  });

  it.each(['1e300', '-1', '0.5', '9007199254740991', '"7"'])('a sequence number of %s', (n) => {
    expect(() => imu(message({ n }))).toThrow(/"n" is .*; wanted a whole number from 0 to 2\^52/);
  });

  it.each(['1e300', '-1e300', '1e999', 'null'])('a time of %s', (t) => {
    expect(() => imu(message({ t }))).toThrow(/"t" is .*; wanted a time of at most 2\^61/);
  });

  it.each([
    ['timeMs', '1700000000000.5', 1_700_000_000_000_500],
    ['timeS', '1700000000.25', 1_700_000_000_250_000],
  ])('takes a time as %s', (name, t, deviceUs) => {
    const read = jsonFields({ id: 'wrist', modality: 'imu', from: 'mqtt:x', fields: { acc: 'a', gyro: 'g', [name]: 't' } });
    expect(read(message({ t }))).toMatchObject({ deviceUs });
  });

  it('an acceleration that float32 cannot hold', () => {
    expect(() => imu(message({ a: '[0,0,1e39]' }))).toThrow('a value is NaN or infinite');
  });

  it('a temperature that float32 cannot hold, a distance that 16 bits would turn into another', () => {
    const size = { id: 'x', from: 'mqtt:x', width: 2, height: 1 };
    const thermal = jsonFields({ ...size, modality: 'thermal', fields: { celsius: 'c' } });
    expect(() => thermal(bytes('{"c":[20,1e39]}'))).toThrow('a value is NaN or infinite');
    const depth = jsonFields({ ...size, modality: 'depth', fields: { mm: 'd' } });
    expect(depth(bytes('{"d":[0,65535]}')).payload).toMatchObject({ mm: Uint16Array.of(0, 65_535) });
    expect(() => depth(bytes('{"d":[0,70000]}'))).toThrow('a distance is 70000 mm; wanted 0 (unknown) to 65535');
    expect(() => depth(bytes('{"d":[-1,0]}'))).toThrow('a distance is -1 mm');
  });
});

describe('format pcm_s16le', () => {
  it('refuses an hour in one message, whose windows would keep everything else waiting', () => {
    const parse = payloadFormat({ id: 'mic', modality: 'audio', from: 'mqtt:x', format: 'pcm_s16le', rateHz: 8000 });
    expect(parse?.(new Uint8Array(60 * 16_000))).toMatchObject({ kind: 'pcm' });
    expect(() => parse?.(new Uint8Array(3600 * 16_000))).toThrow('3600 s of sound in one message; at most 60');
  });
});

import { describe, expect, it } from 'vitest';
import { UsageError } from '../core/errors.ts';
import { parseSerialUrl } from './serial-url.ts';

describe('parseSerialUrl', () => {
  it('reads a path alone', () => {
    expect(parseSerialUrl('serial:/dev/ttyUSB0')).toEqual({
      path: '/dev/ttyUSB0',
      dataBits: 8,
      parity: 'none',
      stopBits: 1,
      send: Buffer.alloc(0),
    });
  });

  it('reads all keys', () => {
    expect(parseSerialUrl('serial:/dev/ttyS1?baud=9600&parity=even&dataBits=7&stopBits=2&send=A53502DC')).toEqual({
      path: '/dev/ttyS1',
      baudRate: 9600,
      dataBits: 7,
      parity: 'even',
      stopBits: 2,
      send: Buffer.of(0xa5, 0x35, 0x02, 0xdc),
    });
  });

  it.each([
    ['serial:', 'names no serial port'],
    ['serial:/dev/a?bauds=9600', 'did you mean baud?'],
    ['serial:/dev/a?baud=fast', 'must be a rate'],
    ['serial:/dev/a?baud=0', 'must be a rate'],
    ['serial:/dev/a?parity=maybe', 'must be one of none, even, odd'],
    ['serial:/dev/a?send=A5F', 'bytes in hex'],
  ])('refuses %s', (from, words) => {
    expect(() => parseSerialUrl(from)).toThrow(UsageError);
    expect(() => parseSerialUrl(from)).toThrow(words);
  });
});

import { UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';

export interface SerialUrl {
  readonly path: string;
  /** Absent: the rate the protocol's devices are delivered with. */
  readonly baudRate?: number;
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
  /** Bytes written once after opening, for devices that must be told to start. */
  readonly send: Uint8Array;
}

const KEYS = ['baud', 'dataBits', 'parity', 'stopBits', 'send'] as const;
const EXAMPLE = 'serial:/dev/ttyUSB0?baud=115200';

/**
 * Reads `serial:PATH?baud=N&dataBits=8&parity=none&stopBits=1&send=HEX`; all but the path may be left out.
 *
 * @throws UsageError that names the key, the value got and the values wanted
 */
export function parseSerialUrl(from: string): SerialUrl {
  const [head = '', query = ''] = from.split(/\?(.*)/s);
  const path = head.replace(/^serial:/, '');
  if (path === '') throw new UsageError('SERIAL_URL', `"${from}" names no serial port; write ${EXAMPLE}`);
  const given = new URLSearchParams(query);
  for (const key of given.keys()) {
    if ((KEYS as readonly string[]).includes(key)) continue;
    const close = nearest(key, KEYS);
    throw new UsageError(
      'SERIAL_URL',
      `"${from}": unknown key "${key}"${close ? `, did you mean ${close}?` : ''} Known: ${KEYS.join(', ')}`,
    );
  }
  const oneOf = <T extends string | number>(key: string, allowed: readonly T[], otherwise: T): T => {
    const text = given.get(key);
    if (text === null) return otherwise;
    const value = allowed.find((candidate) => String(candidate) === text);
    if (value === undefined) throw new UsageError('SERIAL_URL', `"${from}": ${key} is "${text}", but must be one of ${allowed.join(', ')}`);
    return value;
  };
  const baud = given.get('baud');
  if (baud !== null && !/^[1-9]\d{1,7}$/.test(baud)) {
    throw new UsageError('SERIAL_URL', `"${from}": baud is "${baud}", but must be a rate such as 9600 or 115200`);
  }
  const send = given.get('send') ?? '';
  if (!/^([\da-f]{2})*$/i.test(send))
    throw new UsageError('SERIAL_URL', `"${from}": send is "${send}", but must be bytes in hex, such as A53502DC`);
  return {
    path,
    ...(baud === null ? {} : { baudRate: Number(baud) }),
    dataBits: oneOf('dataBits', [8, 7, 6, 5], 8),
    parity: oneOf('parity', ['none', 'even', 'odd'], 'none'),
    stopBits: oneOf('stopBits', [1, 2], 1),
    send: Buffer.from(send, 'hex'),
  };
}

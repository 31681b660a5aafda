import { describe, expect, it } from 'vitest';
import { byteByByte, cobsFrame, decodeAll, sentence, slipFrame } from '../test/device-bytes.ts';
import { slipDecoder } from './slip.ts';

const payload = Uint8Array.of(0x00, 0xc0, 0xdb, 0x31, 0x00);
const text = (value: string): Buffer => Buffer.from(value, 'utf8');

describe.each([
  ['cobs', cobsFrame, 0],
  ['slip', slipFrame, 0xc0],
] as const)('%s', (name, frame, delimiter) => {
  it('reads payloads of every length around the block size', () => {
    for (const length of [0, 1, 2, 252, 253, 254, 255, 508, 509, 1000]) {
      const body = Buffer.from(Array.from({ length }, (_, index) => (index * 7) & 0xff));
      for (const content of [body, Buffer.alloc(length, 1), Buffer.alloc(length, 0)]) {
        const { frames, stats } = decodeAll(name, frame(content));
        expect(frames).toEqual([{ frame: name, hex: content.toString('hex') }]);
        expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 0 });
      }
    }
  });

  it('gives up one frame for one wrong byte', () => {
    const bad = frame(Uint8Array.of(1, 2, 3, 4));
    bad[2] = 0x77;
    const { frames, stats } = decodeAll(name, Buffer.concat([frame(payload), bad, frame(payload)]));
    expect(frames).toHaveLength(2);
    expect(stats).toEqual({ frames: 2, badFrames: 1, skippedBytes: bad.length });
  });

  it('lets one delimiter in front belong to the frame and skips the others', () => {
    const bytes = Buffer.concat([Buffer.of(delimiter, delimiter, delimiter), frame(payload)]);
    expect(decodeAll(name, bytes, byteByByte(bytes)).stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 2 });
  });

  it('skips what has no delimiter at the end', () => {
    const bytes = Buffer.concat([frame(payload), frame(payload).subarray(0, -1)]);
    expect(decodeAll(name, bytes).stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: frame(payload).length - 1 });
  });

  it('can do without the CRC', () => {
    const { frames } = decodeAll(name, frame(payload, { crc: false }), [], { crc: false });
    expect(frames).toEqual([{ frame: name, hex: '00c0db3100' }]);
  });

  it('gives up a frame longer than one mebibyte once, and takes the next', () => {
    const bytes = Buffer.concat([Buffer.alloc((1 << 20) + 5000, 0x42), Buffer.of(delimiter), frame(payload)]);
    const { stats } = decodeAll(name, bytes, new Array<number>(100).fill(8192));
    expect(stats).toEqual({ frames: 1, badFrames: 1, skippedBytes: (1 << 20) + 5001 });
  });
});

describe('slip', () => {
  it('takes the check value of CRC-16/CCITT-FALSE', () => {
    const bytes = Buffer.concat([text('123456789'), Buffer.of(0x29, 0xb1, 0xc0)]);
    expect(decodeAll('slip', bytes).frames).toEqual([{ frame: 'slip', hex: '313233343536373839' }]);
  });

  it('refuses an escape before anything else', () => {
    expect(decodeAll('slip', Buffer.of(1, 0xdb, 2, 0xc0), [], { crc: false }).stats).toMatchObject({ frames: 0, badFrames: 1 });
  });

  it('shares the frame delimiter of senders that write it at both ends', () => {
    const bytes = Buffer.concat([1, 2, 3].map((byte) => slipFrame(Uint8Array.of(byte), { leading: true })));
    expect(decodeAll('slip', bytes).stats).toEqual({ frames: 3, badFrames: 0, skippedBytes: 0 });
  });

  it('bounds its frames as asked', () => {
    const decoder = slipDecoder({ maxFrameBytes: 8 });
    decoder.push(Buffer.concat([slipFrame(Buffer.alloc(7, 1)), slipFrame(Buffer.alloc(6, 1))]));
    expect(decoder.next()).toEqual({ frame: 'slip', hex: '010101010101' });
    expect(decoder.stats).toEqual({ frames: 1, badFrames: 1, skippedBytes: 10 });
  });
});

describe('ndjson', () => {
  it('reads one object a line, the last one also without its line feed', () => {
    const bytes = text('{"a":1}\r\n\n{"frame":"mine","b":"é"}\n[1]\n{"c":\n{"d":2}');
    const { frames, stats } = decodeAll('ndjson', bytes, byteByByte(bytes));
    expect(frames).toEqual([
      { frame: 'ndjson', a: 1 },
      { frame: 'mine', b: 'é' },
      { frame: 'ndjson', d: 2 },
    ]);
    expect(stats).toEqual({ frames: 3, badFrames: 2, skippedBytes: 11 });
  });

  it('keeps a key that would be a prototype a mere key', () => {
    const [frame] = decodeAll('ndjson', text('{"__proto__":{"x":1}}\n')).frames;
    expect(Object.keys(frame!)).toEqual(['frame', '__proto__']);
    expect(frame?.['x']).toBeUndefined();
  });
});

describe('csv', () => {
  it('names the columns after the header', () => {
    const bytes = text('t_ms,ax,label\r\n1,-0.5,on\r\n2,1e3,"a, ""b"""\r\nt_ms,ax,label\r\n3,,off\n');
    const { frames, stats } = decodeAll('csv', bytes, byteByByte(bytes));
    expect(frames).toEqual([
      { frame: 'csv', t_ms: 1, ax: -0.5, label: 'on' },
      { frame: 'csv', t_ms: 2, ax: 1000, label: 'a, "b"' },
      { frame: 'csv', t_ms: 3, ax: '', label: 'off' },
    ]);
    expect(stats).toEqual({ frames: 3, badFrames: 0, skippedBytes: 0 });
  });

  it('numbers the columns where there is no header', () => {
    expect(decodeAll('csv', text('1,2\n3,4\n')).frames).toEqual([
      { frame: 'csv', c1: 1, c2: 2 },
      { frame: 'csv', c1: 3, c2: 4 },
    ]);
  });

  it('takes no noise for a header', () => {
    expect(decodeAll('csv', Buffer.concat([Buffer.of(0x41, 0x01, 0x0a), text('a,b\n1,2\n')])).frames).toEqual([
      { frame: 'csv', a: 1, b: 2 },
    ]);
  });

  it('refuses rows with another count of fields or an open quote', () => {
    expect(decodeAll('csv', text('a,b\n1\n1,"2\n1,2\n1,2')).stats).toEqual({ frames: 1, badFrames: 2, skippedBytes: 10 });
  });
});

describe('nmea', () => {
  it('reads sentences and names the frame after them', () => {
    const bytes = text('$GPGLL,4916.45,N,12311.12,W,225444,A,*1D\r\n');
    const { frames, stats } = decodeAll('nmea', bytes, byteByByte(bytes));
    expect(frames).toEqual([{ frame: 'GPGLL', fields: ['4916.45', 'N', '12311.12', 'W', '225444', 'A', ''] }]);
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 0 });
  });

  it('finds the sentence behind a cut one, behind garbage, and without a line end', () => {
    const good = sentence('GPRMC,1,A');
    const bytes = Buffer.concat([text('$GPGGA,12'), good, Buffer.of(0xff, 0x24, 0x00), good, text('$$$'), good.subarray(0, -2)]);
    const { frames, stats } = decodeAll('nmea', bytes, byteByByte(bytes));
    expect(frames).toHaveLength(3);
    expect(stats).toEqual({ frames: 3, badFrames: 1, skippedBytes: 15 });
  });

  it('refuses sentences without a checksum and endless ones', () => {
    expect(decodeAll('nmea', text('$GPRMC,1,A\r\n')).stats).toMatchObject({ frames: 0, badFrames: 1 });
    expect(decodeAll('nmea', text(`$GPRMC,${'1'.repeat(3000)}`)).stats).toEqual({ frames: 0, badFrames: 1, skippedBytes: 3007 });
  });
});

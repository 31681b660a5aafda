import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger, type LedgerLine, type Stage } from '../src/core/ledger.ts';
import { witmotionFrame } from '../test/device-bytes.ts';
import { FrameReader } from './frame-reader.ts';
import { protocolNamed, protocols } from './protocols.ts';

const acc = witmotionFrame(0x51, [2048, 0, 0, 0]);
const gyro = witmotionFrame(0x52, [0, 0, 0, 0]);
const angle = witmotionFrame(0x53, [0, 0, 0, 0]);
const bad = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  copy[10]! ^= 1;
  return copy;
};

const setUp = (): { reader: FrameReader; stage: Stage; line: () => LedgerLine } => {
  const ledger = new Ledger();
  const reader = new FrameReader('witmotion', 'imu');
  const stage = ledger.stage('wrist', 'input', () => reader.pending);
  return { reader, stage, line: () => stage.line() };
};

describe('FrameReader', () => {
  it('keeps the books of each reading', () => {
    const { reader, stage, line } = setUp();
    expect(reader.read(Buffer.concat([acc, gyro, angle, acc]), stage)).toHaveLength(1);
    expect(line()).toMatchObject({ received: 2, emitted: 1, dropped: {}, inFlight: 1, noted: { otherFrames: 1 }, sums: true });
    expect(reader.read(bad(gyro), stage)).toHaveLength(0);
    expect(reader.read(gyro, stage)).toHaveLength(0);
    // The acc lost its gyro, the last gyro has no acc, and one frame did not hold.
    expect(line()).toMatchObject({
      received: 4,
      emitted: 1,
      dropped: { badChecksum: 1, incomplete: 2 },
      inFlight: 0,
      noted: { skippedBytes: 11 },
      sums: true,
    });
  });

  it('does not pair over bytes that were skipped, also between two chunks', () => {
    const { reader, stage, line } = setUp();
    reader.read(Buffer.concat([acc, Buffer.of(1, 2, 3)]), stage);
    expect(reader.read(gyro, stage)).toHaveLength(0);
    expect(line()).toMatchObject({ dropped: { incomplete: 2 }, sums: true });
  });

  it('gives up what is half here when the line is interrupted', () => {
    const { reader, stage, line } = setUp();
    reader.read(Buffer.concat([acc, gyro.subarray(0, 5)]), stage);
    expect(reader.interrupt(stage)).toEqual([]);
    expect(line()).toMatchObject({ received: 1, dropped: { incomplete: 1 }, inFlight: 0, noted: { skippedBytes: 5 }, sums: true });
    expect(reader.read(Buffer.concat([acc, gyro]), stage)).toHaveLength(1);
  });

  it('adds up whatever comes', () => {
    const part = fc.oneof(fc.constantFrom(acc, gyro, angle, bad(acc), bad(gyro)), fc.uint8Array({ maxLength: 12 }));
    fc.assert(
      fc.property(fc.array(fc.array(part, { maxLength: 5 })), (chunks) => {
        const { reader, stage, line } = setUp();
        for (const parts of chunks) {
          reader.read(Buffer.concat(parts), stage);
          expect(line().sums).toBe(true);
        }
        reader.interrupt(stage);
        expect(line()).toMatchObject({ sums: true, inFlight: 0 });
      }),
      { seed: 4, numRuns: 200 },
    );
  });

  it('refuses what cannot give such readings', () => {
    expect(() => new FrameReader('witmotion', 'audio')).toThrow('protocol witmotion gives imu, not audio');
    expect(() => new FrameReader('cobs', 'imu')).toThrow('only frames bytes');
    expect(() => new FrameReader('witmotoin', 'imu')).toThrow('did you mean witmotion?');
  });
});

describe('protocols', () => {
  it('names each protocol as its key and can make its decoder', () => {
    for (const [name, protocol] of protocols) {
      expect(protocolNamed(name)).toBe(protocol);
      expect(protocol.name).toBe(name);
      expect(protocol.createDecoder().next()).toBeUndefined();
    }
    expect([...protocols.keys()].sort()).toEqual([
      'cobs',
      'csv',
      'gy-mcu90640',
      'lepton',
      'ndjson',
      'nmea',
      'slip',
      'vectornav',
      'witmotion',
      'xsens',
    ]);
  });
});

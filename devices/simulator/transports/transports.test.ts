import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/core/ledger.ts';
import { silentLog } from '../../../src/core/log.ts';
import { VirtualClock } from '../../../src/core/time.ts';
import { openScene } from '../open-scene.ts';
import { witmotionDecoder } from '../../witmotion.ts';
import { witmotionFrames } from '../witmotion-frames.ts';
import { announceEvents, type Announcement } from './announce-events.ts';
import { every } from './every.ts';
import { wavHeader } from './serve-microphone.ts';
import { stamp16 } from './stamp16.ts';

describe('witmotionFrames', () => {
  it('makes frames whose checksums hold and whose values come back to half a step', () => {
    const value = (limit: number): fc.Arbitrary<number> => fc.double({ min: -limit, max: limit, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(value(150), value(150), value(150), value(34), value(34), value(34)), (values) => {
        const decoder = witmotionDecoder();
        decoder.push(witmotionFrames(Float32Array.from(values)));
        const [acc, gyro] = [decoder.next(), decoder.next()];
        decoder.end();
        expect(decoder.stats).toEqual({ frames: 2, badFrames: 0, skippedBytes: 0 });
        const back = [...(acc?.['acc'] as number[]), ...(gyro?.['gyro'] as number[])];
        back.forEach((x, axis) => expect(Math.abs(x - values[axis]!)).toBeLessThan(axis < 3 ? 0.0025 : 0.0006));
      }),
    );
  });

  it('clips what is beyond full scale', () => {
    const bytes = witmotionFrames(Float32Array.of(1000, -1000, 0, 100, -100, 0));
    const view = new DataView(bytes.buffer);
    expect([2, 4, 6, 13, 15, 17].map((at) => view.getInt16(at, true))).toEqual([32_767, -32_768, 0, 32_767, -32_768, 0]);
  });
});

describe('every', () => {
  it('takes its turns without drift and catches up a few, not all', () => {
    const clock = new VirtualClock(1_000_500);
    const turns: number[] = [];
    const stop = every(clock, 1_000_000, 10_000, (index) => turns.push(index));
    clock.advanceTo(1_045_000);
    expect(turns).toEqual([1, 2, 3, 4]);
    turns.length = 0;
    // A machine that slept for a second: the timer fires late.
    const late = every({ nowUs: () => clock.nowUs() + 1_000_000, after: clock.after.bind(clock) }, 1_000_000, 10_000, (index) =>
      turns.push(index),
    );
    late();
    clock.advanceTo(1_060_000);
    stop();
    clock.advanceTo(2_000_000);
    expect(turns).toEqual([5, 6]);
  });

  it('skips what was missed for long', () => {
    let nowUs = 0;
    const waiting: (() => void)[] = [];
    const clock = { nowUs: () => nowUs, after: (_: number, run: () => void) => (waiting.push(run), () => undefined) };
    const turns: number[] = [];
    every(clock, 0, 1000, (index) => turns.push(index));
    nowUs = 1_000_000;
    waiting.shift()?.();
    expect(turns).toEqual([992, 993, 994, 995, 996, 997, 998, 999, 1000]);
  });
});

describe('announceEvents', () => {
  it('says each beginning and end at its time, round after round', () => {
    const clock = new VirtualClock(5_000_000);
    const said: Announcement[] = [];
    const scene = openScene('kitchen');
    const stop = announceEvents({ scene, clock, originUs: 5_000_000, ledger: new Ledger(), log: silentLog }, (announcement) =>
      said.push(announcement),
    );
    clock.advanceTo(5_000_000 + 78_000_000);
    stop();
    clock.advanceMs(60_000);
    expect(said.map(({ event, state, timeUs }) => [event, state, timeUs / 1e6 - 5])).toEqual([
      ['walking', 'begins', 7],
      ['walking', 'ends', 15],
      ['glass', 'begins', 20],
      ['glass', 'ends', 23],
      ['telephone', 'begins', 29],
      ['telephone', 'ends', 37.4],
      ['fire', 'begins', 42],
      ['fire', 'ends', 54],
      ['cat', 'begins', 58],
      ['cat', 'ends', 66],
      ['walking', 'begins', 77],
    ]);
  });

  it('starts with what is still to come where the scene began long ago', () => {
    const clock = new VirtualClock(110_000_000);
    const said: string[] = [];
    const stop = announceEvents(
      { scene: openScene('kitchen'), clock, originUs: 0, ledger: new Ledger(), log: silentLog },
      ({ event, state }) => said.push(`${event} ${state}`),
    );
    clock.advanceTo(113_000_000);
    stop();
    expect(said).toEqual(['fire begins']);
  });

  it('says nothing in a calm scene', () => {
    const clock = new VirtualClock();
    const stop = announceEvents({ scene: openScene('calm'), clock, originUs: 0, ledger: new Ledger(), log: silentLog }, () =>
      expect.unreachable(),
    );
    clock.advanceMs(600_000);
    stop();
  });
});

describe('headers', () => {
  it('stamp16 has time, sequence number, zero and the payload', () => {
    const message = stamp16(Uint8Array.of(1, 2, 3), 1_795_487_106_979_227, 0x1_0000_0007);
    expect(message.readBigUInt64LE(0)).toBe(1_795_487_106_979_227n);
    expect([message.readUInt32LE(8), message.readUInt32LE(12), ...message.subarray(16)]).toEqual([7, 0, 1, 2, 3]);
  });

  it('the WAV header says 48 kHz, mono, 16 bits, length unknown', () => {
    const header = wavHeader();
    expect(header).toHaveLength(44);
    expect([header.readUInt16LE(22), header.readUInt32LE(24), header.readUInt16LE(34), header.readUInt32LE(40)]).toEqual([
      1, 48_000, 16, 0xffff_ffff,
    ]);
  });
});

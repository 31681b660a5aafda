import { describe, expect, it } from 'vitest';
import { byteByByte, decodeAll, leptonPacket, leptonSegment } from '../test/device-bytes.ts';
import { leptonAssembler } from './lepton.ts';

const PACKET = 164;
/** TLinear: 300 K and up, in hundredths. */
const WARM = 30_000;
const picture = (base: number): Buffer => Buffer.concat([1, 2, 3, 4].map((segment) => leptonSegment(base + (segment - 1) * 4800, segment)));
const discard = Buffer.alloc(PACKET, 0xff);

describe('lepton', () => {
  it('puts 60 packets together to a picture of 80 x 60 in degrees Celsius', () => {
    const bytes = leptonSegment(WARM);
    const { frames, stats } = decodeAll('lepton', bytes, byteByByte(bytes));
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject({ frame: 'lepton', width: 80, height: 60 });
    const celsius = frames[0]?.['celsius'] as Float64Array;
    expect(celsius).toHaveLength(4800);
    expect([celsius[0], celsius[4799]]).toEqual([26.85, 74.84]);
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 0 });
  });

  it('puts four segments together to a picture of 160 x 120', () => {
    const { frames, stats } = decodeAll('lepton', picture(WARM));
    expect(frames[0]).toMatchObject({ width: 160, height: 120 });
    const celsius = frames[0]?.['celsius'] as Float64Array;
    // Packets 0 and 1 are the two halves of the first row.
    expect([celsius[79], celsius[80], celsius[160]]).toEqual([27.64, 27.65, 28.45]);
    expect(stats).toEqual({ frames: 1, badFrames: 0, skippedBytes: 0 });
  });

  it('gives raw counts where the values cannot be TLinear', () => {
    const { frames } = decodeAll('lepton', leptonSegment(7000));
    expect(frames[0]).toMatchObject({ width: 80, height: 60 });
    expect((frames[0]?.['counts'] as Uint16Array)[80]).toBe(7080);
    expect(leptonAssembler().push(frames[0]!)).toBeUndefined();
  });

  it('skips discard packets, invalid segments and runs of zeros', () => {
    const bytes = Buffer.concat([discard, picture(WARM), discard, leptonSegment(WARM, 0), Buffer.alloc(500), picture(WARM)]);
    expect(decodeAll('lepton', bytes).stats).toEqual({ frames: 2, badFrames: 0, skippedBytes: 2 * PACKET + 60 * PACKET + 500 });
  });

  it('gives up a picture of which a packet was lost, and takes the next one whole', () => {
    const whole = picture(WARM);
    const holed = Buffer.concat([whole.subarray(0, 70 * PACKET), whole.subarray(71 * PACKET)]);
    const { stats } = decodeAll('lepton', Buffer.concat([holed, whole]));
    expect(stats).toMatchObject({ frames: 1, skippedBytes: holed.length });
    expect(stats.badFrames).toBeGreaterThan(0);
  });

  it('takes the picture that follows one cut off behind a segment', () => {
    const whole = picture(WARM);
    const cut = whole.subarray(0, 120 * PACKET);
    expect(decodeAll('lepton', Buffer.concat([cut, whole])).stats).toEqual({ frames: 1, badFrames: 1, skippedBytes: cut.length });
  });

  it('takes the picture that follows one cut off inside a segment', () => {
    const cut = leptonSegment(WARM).subarray(0, 30 * PACKET);
    expect(decodeAll('lepton', Buffer.concat([cut, leptonSegment(WARM)])).stats).toEqual({
      frames: 1,
      badFrames: 1,
      skippedBytes: cut.length,
    });
  });

  it('counts an unfinished picture as skipped at the end', () => {
    const bytes = leptonPacket(0, [WARM]);
    expect(decodeAll('lepton', Buffer.concat([bytes, bytes.subarray(0, 50)])).stats).toEqual({
      frames: 0,
      badFrames: 0,
      skippedBytes: PACKET + 50,
    });
  });

  it('gives a thermal picture', () => {
    const [frame] = decodeAll('lepton', leptonSegment(WARM)).frames;
    expect(leptonAssembler().push(frame!)?.payload).toMatchObject({ kind: 'thermal', width: 80, height: 60 });
  });
});

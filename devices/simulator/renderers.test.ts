import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.ts';
import { openScene, sceneNames } from './open-scene.ts';
import { CAMERA_HEIGHT, CAMERA_WIDTH } from './pictures/svg.ts';
import { encodeJpeg, renderCamera } from './render-camera.ts';
import { renderDepth } from './render-depth.ts';
import { renderImu } from './render-imu.ts';
import { renderSound } from './render-sound.ts';
import { renderThermal } from './render-thermal.ts';
import { happeningAt, type EventKind, type Scene } from './scene.ts';
import { SOUND_RATE_HZ } from './sounds/waveform.ts';

const kitchen = openScene('kitchen');
const hash = (data: ArrayBufferView): string =>
  createHash('sha256')
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex')
    .slice(0, 16);

/** Loudness of each second in whole decibels: the same on machines whose sine differs in the last bit. */
const decibels = (scene: Scene): number[] =>
  Array.from({ length: scene.loopSeconds }, (_, second) => {
    const sound = renderSound(scene, second * SOUND_RATE_HZ, SOUND_RATE_HZ);
    return Math.round(20 * Math.log10(Math.sqrt(sound.reduce((sum, x) => sum + x * x, 0) / sound.length) / 32_768));
  });

/** Half way through the event. */
const during = (kind: EventKind): number => {
  const event = kitchen.events.find((other) => other.kind === kind);
  if (!event) throw new Error(`the kitchen has no ${kind}`);
  return event.startSeconds + event.durationSeconds / 2;
};

const meanColour = (data: Uint8Array): number[] =>
  [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let i = channel; i < data.length; i += 3) sum += data[i]!;
    return sum / (data.length / 3);
  });

describe('scenes', () => {
  it('are known by name, and an unknown name is an error that lists them', () => {
    expect(sceneNames).toEqual(['kitchen', 'calm', 'drift', 'overload']);
    expect(() => openScene('attic')).toThrow(UsageError);
    expect(() => openScene('attic')).toThrow(/kitchen, calm, drift, overload/);
  });

  it('hold events in order, apart from each other, inside the round, each noticed by two senses', () => {
    for (const name of sceneNames) {
      for (const seed of [1, 2, 3, 99]) {
        const { events, loopSeconds } = openScene(name, seed);
        events.forEach((event, index) => {
          expect(event.startSeconds + event.durationSeconds).toBeLessThanOrEqual(events[index + 1]?.startSeconds ?? loopSeconds - 1);
          expect(Object.keys(event.words).length).toBeGreaterThanOrEqual(2);
        });
      }
    }
  });

  it('repeat: the same event at the same moment of each round', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 699 }), fc.integer({ min: 0, max: 1000 }), (tenth, round) => {
        expect(happeningAt(kitchen, tenth / 10 + round * kitchen.loopSeconds)?.event.kind).toBe(
          happeningAt(kitchen, tenth / 10)?.event.kind,
        );
      }),
    );
  });
});

describe('sound', () => {
  it('does not depend on how the time is cut', () => {
    const whole = renderSound(kitchen, 0, 71 * SOUND_RATE_HZ);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 70 * SOUND_RATE_HZ }), fc.integer({ min: 0, max: 5000 }), (from, count) => {
        const part = renderSound(kitchen, from, count);
        expect(hash(part)).toBe(hash(whole.subarray(from, from + count)));
      }),
      { numRuns: 200 },
    );
  });

  it('is the same for the same seed and another one for another seed', () => {
    const one = hash(renderSound(openScene('kitchen', 5), 0, 70 * SOUND_RATE_HZ));
    expect(hash(renderSound(openScene('kitchen', 5), 0, 70 * SOUND_RATE_HZ))).toBe(one);
    expect(hash(renderSound(openScene('kitchen', 6), 0, 70 * SOUND_RATE_HZ))).not.toBe(one);
  });

  it('has the loudness of the scene that was tuned', () => {
    expect(decibels(kitchen)).toMatchInlineSnapshot(`
      [
        -64,
        -64,
        -64,
        -64,
        -63,
        -64,
        -64,
        -48,
        -49,
        -49,
        -47,
        -47,
        -49,
        -47,
        -49,
        -64,
        -64,
        -64,
        -64,
        -63,
        -36,
        -45,
        -64,
        -64,
        -63,
        -64,
        -64,
        -64,
        -64,
        -31,
        -32,
        -32,
        -31,
        -32,
        -32,
        -32,
        -31,
        -39,
        -64,
        -63,
        -64,
        -64,
        -64,
        -16,
        -16,
        -16,
        -36,
        -16,
        -16,
        -16,
        -36,
        -16,
        -16,
        -16,
        -36,
        -64,
        -64,
        -64,
        -41,
        -42,
        -39,
        -40,
        -42,
        -40,
        -39,
        -51,
        -64,
        -64,
        -64,
        -63,
      ]
    `);
  });
});

describe('motion', () => {
  const lengths = (from: number, to: number, offset: number): number[] =>
    Array.from({ length: Math.round((to - from) * 100) }, (_, i) => {
      const [x = 0, y = 0, z = 0] = renderImu(kitchen, Math.round(from * 100) + i).subarray(offset, offset + 3);
      return Math.hypot(x, y, z);
    });

  it('is gravity and a little noise while nothing happens', () => {
    for (const length of lengths(0, 6, 0)) expect(Math.abs(length - 9.80665)).toBeLessThan(0.15);
    for (const length of lengths(0, 6, 3)) expect(length).toBeLessThan(0.02);
  });

  it('swings while walking, jolts with the glass, buzzes with the telephone', () => {
    expect(Math.max(...lengths(7, 15, 3))).toBeGreaterThan(2);
    expect(Math.max(...lengths(20, 23, 0))).toBeGreaterThan(50);
    const ring = lengths(29.2, 30, 0);
    expect(Math.max(...ring) - Math.min(...ring)).toBeGreaterThan(1.2);
  });

  it('repeats with the scene', () => {
    for (const index of [0, 777, 2050]) expect(renderImu(kitchen, index + 7000)).toEqual(renderImu(kitchen, index));
  });
});

describe('warmth and distance', () => {
  it('are a room of about 21 degrees and 2.6 m at most', () => {
    const { celsius } = renderThermal(kitchen, 8);
    expect(Math.min(...celsius)).toBeGreaterThan(19);
    expect(Math.max(...celsius)).toBeLessThan(26);
    expect(Math.max(...renderDepth(kitchen, 2).mm)).toBeLessThan(2700);
  });

  it('show who walks by, and the fire', () => {
    const walker = renderThermal(kitchen, during('walking') * 4).celsius;
    expect(Math.max(...walker)).toBeGreaterThan(30);
    expect(Math.max(...walker)).toBeLessThan(38);
    expect(Math.max(...renderThermal(kitchen, during('fire') * 4).celsius)).toBeGreaterThan(100);
    // What is hotter than the sensor can say must not turn round to frost in 16 bits.
    const hottest = Array.from({ length: 70 * 4 }, (_, picture) => Math.max(...renderThermal(kitchen, picture).celsius));
    expect(Math.max(...hottest)).toBe(300);
    const { mm } = renderDepth(kitchen, during('walking') * 2);
    expect(mm[60 * 160 + 80]).toBeGreaterThan(1250);
    expect(mm[60 * 160 + 80]).toBeLessThan(1350);
    expect(renderDepth(kitchen, during('fire') * 2).mm[50 * 160 + 100]).toBe(0);
  });

  it('follow the day in the scene that has one', () => {
    const drift = openScene('drift');
    const mean = (index: number): number => renderThermal(drift, index).celsius.reduce((sum, x) => sum + x, 0) / 768;
    const temperatures = Array.from({ length: 60 }, (_, minute) => mean(minute * 40 + 20));
    expect(Math.max(...temperatures) - Math.min(...temperatures)).toBeGreaterThan(2.5);
  });
});

describe('pictures', () => {
  it('are the same for the same seed and moment, and have other grain at another', async () => {
    const one = await renderCamera(kitchen, 30);
    expect(one).toMatchObject({ kind: 'rgb24', width: CAMERA_WIDTH, height: CAMERA_HEIGHT });
    expect(one.data).toHaveLength(CAMERA_WIDTH * CAMERA_HEIGHT * 3);
    expect(hash((await renderCamera(openScene('kitchen'), 30)).data)).toBe(hash(one.data));
    expect(hash((await renderCamera(kitchen, 730)).data)).toBe(hash(one.data));
    expect(hash((await renderCamera(kitchen, 31)).data)).not.toBe(hash(one.data));
    expect(hash((await renderCamera(openScene('kitchen', 2), 30)).data)).not.toBe(hash(one.data));
  });

  it('have the colours of the room, and of the fire', async () => {
    const room = meanColour((await renderCamera(kitchen, 30)).data);
    const fire = meanColour((await renderCamera(kitchen, during('fire') * 10)).data);
    [137, 120, 99].forEach((level, channel) => expect(Math.abs(room[channel]! - level)).toBeLessThan(12));
    expect(fire[0]! - fire[2]!).toBeGreaterThan(40);
  });

  it('are dark at night', async () => {
    const drift = openScene('drift');
    const [night, day] = await Promise.all(
      [renderCamera(drift, 4500), renderCamera(drift, 1500)].map(async (picture) => meanColour((await picture).data)),
    );
    expect(night![1]! / day![1]!).toBeLessThan(0.4);
  });

  it('come as JPEG', async () => {
    const jpeg = await encodeJpeg(await renderCamera(kitchen, 0));
    expect([...jpeg.subarray(0, 2), ...jpeg.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
  });
});

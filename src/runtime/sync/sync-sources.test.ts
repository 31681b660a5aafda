import { describe, expect, it } from 'vitest';
import type { Modality, Payload } from '../../core/types.ts';
import type { Recording } from '../../recording/open-recording.ts';
import type { RecordedEvent } from '../../recording/recorded-event.ts';
import { seeded } from '../../space/bind/seeded.ts';
import { syncSources } from './sync-sources.ts';

const START_US = 1.75e15;

interface Heard {
  readonly id: string;
  readonly modality: Modality;
  readonly everyUs: number;
  /** What it says at a time of the world, given how long ago the last event was. */
  readonly payload: (sinceEventUs: number, random: () => number) => Payload;
  readonly lateUs: number;
}

const microphone = (lateUs: number): Heard => ({
  id: 'mic',
  modality: 'audio',
  everyUs: 20_000,
  lateUs,
  payload: (since, random) => ({
    kind: 'pcm',
    rateHz: 8000,
    data: Float32Array.from({ length: 160 }, (_, i) => {
      const agoUs = since + i * 125;
      return (random() - 0.5) * (0.01 + (agoUs >= 0 ? Math.exp(-agoUs / 80_000) : 0));
    }),
  }),
});
const wrist = (lateUs: number): Heard => ({
  id: 'wrist',
  modality: 'imu',
  everyUs: 10_000,
  lateUs,
  payload: (since, random) => {
    const jolt = since >= 0 ? 8 * Math.exp(-since / 50_000) : 0;
    return { kind: 'imu', values: Float32Array.from({ length: 6 }, () => 0.05 * random() + jolt * (random() - 0.5)) };
  },
});
const camera = (lateUs: number): Heard => ({
  id: 'front',
  modality: 'image',
  everyUs: 66_667,
  lateUs,
  payload: (since, random) => ({
    kind: 'rgb24',
    width: 32,
    height: 24,
    data: new Uint8Array(32 * 24 * 3).fill(80 + 3 * random() + (since >= 0 ? 120 * Math.exp(-since / 400_000) : 0)),
  }),
});

/** A recording of a minute in which something happens every few seconds, and these sources notice it. */
function recordingOf(sources: readonly Heard[], seed = 5): Recording {
  const random = seeded(seed);
  const events: number[] = [];
  for (let at = 2e6; at < 58e6; at += 1e6 + 3e6 * random()) events.push(at);
  const readings = sources.flatMap(({ id, modality, everyUs, payload, lateUs }) =>
    Array.from({ length: Math.floor(60e6 / everyUs) }, (_, seq): RecordedEvent => {
      const trueUs = seq * everyUs;
      const last = events.findLast((event) => event <= trueUs + (modality === 'audio' ? 20_000 : 0)) ?? Number.POSITIVE_INFINITY;
      const timeUs = START_US + trueUs + lateUs;
      const sample = { source: id, modality, seq, timeUs, durationUs: 0, errorUs: 0, payload: payload(trueUs - last, random) };
      return { kind: 'reading', atUs: timeUs, source: id, modality, reading: { arrivalUs: timeUs, payload: sample.payload }, sample };
    }),
  );
  readings.sort((a, b) => a.atUs - b.atUs);
  return {
    files: [],
    goesOn: false,
    session: {
      server: 'test',
      boot: 'test',
      startedUs: START_US,
      space: { id: 'test', name: 'test', dim: 1 },
      folder: '.',
      config: { sources: sources.map(({ id, modality }) => ({ id, modality, from: 'test:' })) },
      alerts: [],
    },
    faults: { truncated: [], badRecords: 0, firstFault: undefined, badMessages: 0, foreign: {}, missing: {} },
    sources: sources.map(({ id, modality }) => ({ id, modality })),
    events: async function* () {
      for (const reading of readings) yield await Promise.resolve(reading);
    },
  };
}
const between = (first: string, second: string) => ({ between: [first, second] as const, maxLagMs: 2000, onProgress: () => undefined });

describe('syncSources', () => {
  it.each([0, 120, -340])('finds that the motion sensor is %i ms behind the microphone', async (lagMs) => {
    const { lagMs: found, confidence } = await syncSources(recordingOf([microphone(0), wrist(lagMs * 1000)]), between('mic', 'wrist'));
    expect(Math.abs(found - lagMs)).toBeLessThan(20);
    expect(confidence).toBeGreaterThan(0.5);
  });

  it('finds it for a camera of 15 pictures a second, to less than a picture', async () => {
    const { lagMs, confidence } = await syncSources(recordingOf([microphone(0), camera(200_000)]), between('mic', 'front'));
    expect(Math.abs(lagMs - 200)).toBeLessThan(67);
    expect(confidence).toBeGreaterThan(0.5);
  });

  it('is not sure of two sources that have nothing to do with each other', async () => {
    const [a, b] = [recordingOf([microphone(0)], 5), recordingOf([wrist(0)], 99)];
    const both: Recording = {
      ...a,
      sources: [...a.sources, ...b.sources],
      events: async function* () {
        yield* a.events();
        yield* b.events();
      },
    };
    expect((await syncSources(both, between('mic', 'wrist'))).confidence).toBeLessThan(0.5);
  });

  it('names a source that was not recorded, and two that have too little in common', async () => {
    await expect(syncSources(recordingOf([microphone(0)]), between('mic', 'wrist'))).rejects.toMatchObject({ code: 'NO_SUCH_SOURCE' });
    const silent: Heard = { ...wrist(0), everyUs: 50e6 };
    await expect(syncSources(recordingOf([microphone(0), silent]), between('mic', 'wrist'))).rejects.toMatchObject({
      code: 'NOTHING_IN_COMMON',
    });
  });
});

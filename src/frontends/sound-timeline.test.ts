import { expect, it } from 'vitest';
import type { Pcm, Sample } from '../core/types.ts';
import { SoundTimeline } from './sound-timeline.ts';

const LENGTH = 320;
/** A chunk of 20 ms whose clock is being corrected: its times creep away from its samples. */
const chunk = (seq: number, creepUs = 100): Sample<Pcm> => ({
  source: 'mic',
  modality: 'audio',
  seq,
  timeUs: 1e15 + seq * (20_000 + creepUs),
  durationUs: 20_000,
  errorUs: 0,
  payload: { kind: 'pcm', rateHz: 16_000, data: new Float32Array(LENGTH).fill(seq) },
});

const placesOf = (seqs: readonly number[]): Map<number, number | undefined> => {
  const timeline = new SoundTimeline(16_000, 1_000_000);
  return new Map(seqs.map((seq) => [seq, timeline.write(chunk(seq))?.from]));
};

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

it('numbers samples the same wherever one begins to hear, and whatever one missed', () => {
  const all = placesOf(range(0, 200));
  for (const seqs of [range(57, 200), [...range(0, 80), ...range(100, 200)], [...range(90, 95), ...range(190, 200)]])
    for (const [seq, from] of placesOf(seqs)) expect(from, `${seq}`).toBe(all.get(seq));
});

it('puts what its number places too far from its time where its time says', () => {
  const timeline = new SoundTimeline(16_000, 1_000_000);
  timeline.write(chunk(0, 0));
  expect(timeline.write({ ...chunk(1, 0), timeUs: 1e15 + 120_000 })?.from).toBe(6 * LENGTH);
  expect(timeline.write({ ...chunk(5, 0), timeUs: 1e15 + 140_000 })?.from).toBe(7 * LENGTH);
});

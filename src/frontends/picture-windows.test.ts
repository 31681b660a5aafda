import { lastValueFrom, Observable, of, Subject, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { EncodeInput, Picture, Window } from '../core/types.ts';
import { pictureWindows } from './picture-windows.ts';
import { parseFrontEnd } from './recipe.ts';

const video = parseFrontEnd({ kind: 'image', preset: 'imagebind-video' });
const still = parseFrontEnd({ kind: 'image', preset: 'clip' });

const frame = (ms: number): Window<Picture> => {
  const payload: Picture = { kind: 'encoded', bytes: Uint8Array.of(ms / 100) };
  const [timeUs, seq] = [ms * 1000, ms / 100];
  return {
    source: 'front',
    modality: 'image',
    startUs: timeUs,
    endUs: timeUs + 1,
    errorUs: 5,
    samples: { first: seq, last: seq, missing: 0 },
    coverage: 1,
    members: [{ source: 'front', modality: 'image', seq, timeUs, durationUs: 0, errorUs: 5, payload }],
  };
};
/** Times in ms of the frames of each clip. */
const clips = async (...times: number[]): Promise<number[][]> =>
  (await lastValueFrom(of(...times.map(frame)).pipe(pictureWindows(video), toArray()))).map(framesOf);
const framesOf = (input: EncodeInput): number[] =>
  'picture' in input && input.picture.kind === 'clip'
    ? input.picture.frames.map((picture) => (picture.kind === 'encoded' ? (picture.bytes[0] ?? 0) * 100 : NaN))
    : [];

describe('pictureWindows', () => {
  it('gives the newest picture of each window, without its members', async () => {
    const { members, ...meta } = frame(300);
    const inputs = await lastValueFrom(
      of({ ...meta, members: [...frame(100).members, ...members] }).pipe(pictureWindows(still), toArray()),
    );
    expect(inputs).toEqual([{ ...meta, picture: members[0]?.payload }]);
  });

  it('pairs a picture with the one two seconds before it; at first with the oldest there is', async () => {
    expect(await clips(0, 1000, 2000, 3000, 4500)).toEqual([[0], [0, 1000], [0, 2000], [1000, 3000], [2000, 4500]]);
  });

  it('takes the nearest picture that is old enough, however irregular they come', async () => {
    expect(await clips(0, 300, 900, 2400, 2800, 9900)).toEqual([[0], [0, 300], [0, 900], [300, 2400], [300, 2800], [2800, 9900]]);
  });

  it('spreads more frames evenly over the seconds; fewer while there are fewer', async () => {
    const film = parseFrontEnd({ kind: 'image', preset: 'imagebind-video', frames: 4, seconds: 3 });
    const times = [0, 1000, 2000, 2900, 3000, 3500, 4000];
    const inputs = await lastValueFrom(of(...times.map(frame)).pipe(pictureWindows(film), toArray()));
    expect(inputs.map(framesOf)).toEqual([
      [0],
      [0, 1000],
      [0, 1000, 2000],
      [0, 1000, 2900],
      [0, 1000, 2000, 3000],
      [0, 1000, 2000, 3500],
      [1000, 2000, 3000, 4000],
    ]);
  });

  it('says when the clip begins', async () => {
    const [, , third] = await lastValueFrom(of(frame(0), frame(1000), frame(3500)).pipe(pictureWindows(video), toArray()));
    expect(third).toMatchObject({ startUs: 1_000_000, endUs: 3_500_001, samples: { first: 10, last: 35 } });
  });

  it('begins anew when the clock is set back', async () => {
    expect(await clips(5000, 7000, 1000, 1500)).toEqual([[5000], [5000, 7000], [1000], [1000, 1500]]);
  });

  it('keeps a bounded number of pictures however fast they come', () => {
    const windows$ = new Subject<Window<Picture>>();
    const seen = new Set<number>();
    windows$.pipe(pictureWindows(video)).subscribe((input) => seen.add(input.startUs));
    for (let i = 0; i < 4000; i++) windows$.next({ ...frame(0), members: [{ ...at(i * 1000) }] });
    // Two of the four seconds were ever the first of a clip, each a 64th of two seconds or more apart.
    expect(seen.size).toBeGreaterThan(32);
    expect(seen.size).toBeLessThanOrEqual(66);
  });

  it('passes nothing, errors and the end on, and lets go of its source', async () => {
    expect(await clips()).toEqual([]);
    const failing$ = new Observable<Window<Picture>>((subscriber) => subscriber.error(new Error('gone')));
    await expect(lastValueFrom(failing$.pipe(pictureWindows(video)))).rejects.toThrow('gone');
    const windows$ = new Subject<Window<Picture>>();
    windows$.pipe(pictureWindows(video)).subscribe().unsubscribe();
    expect(windows$.observed).toBe(false);
  });
});

const at = (timeUs: number) => {
  const [sample] = frame(0).members;
  if (!sample) throw new Error('a frame has a sample');
  return { ...sample, timeUs };
};

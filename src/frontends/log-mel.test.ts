import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { connect, from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { EncodeInput, Pcm, Sample, Window } from '../core/types.ts';
import { slidingWindow } from '../operators/sliding-window.ts';
import { logMelBatch } from './log-mel.ts';
import { parseFrontEnd } from './recipe.ts';
import { tensorOf } from './signal-tensor.ts';
import { streamingLogMel } from './streaming-log-mel.ts';

type Kind = 'noise' | 'tones' | 'silence' | 'offset';
const golden = JSON.parse(readFileSync(new URL('fixtures/golden.json', import.meta.url), 'utf8')) as Record<
  'kaldi' | 'yamnet',
  Record<Kind, number[]>
>;
const KINDS: readonly Kind[] = ['noise', 'tones', 'silence', 'offset'];
/** Frames of a second that the golden file holds. */
const FRAMES = [0, 1, 50, 97];

/** Park and Miller's generator, 0..1, as in fixtures/make.py. */
function noise(count: number, seed: number): Float64Array {
  let state = seed;
  return Float64Array.from({ length: count }, () => (state = (state * 48271) % 2147483647) / 2147483647);
}

function sound(kind: Kind, count = 16_000): Float32Array {
  const [a, b, c] = [noise(count, 7), noise(count, 3), noise(count, 5)];
  const tone = (hz: number, t: number): number => Math.sin((2 * Math.PI * hz * t) / 16_000);
  return Float32Array.from({ length: count }, (_, t) => {
    if (kind === 'noise') return ((a[t] ?? 0) - 0.5) * 0.5;
    if (kind === 'tones') return 0.3 * tone(440, t) + 0.1 * tone(3100, t) + ((b[t] ?? 0) - 0.5) * 0.02;
    return kind === 'silence' ? 0 : 0.4 + ((c[t] ?? 0) - 0.5) * 0.01;
  });
}

const pcm = (data: Float32Array, rateHz = 16_000): Pcm => ({ kind: 'pcm', rateHz, data });
const recipe = (fragment: object) => parseFrontEnd({ kind: 'log-mel', ...fragment });
const shapeOf = async (fragment: object, samples: number, rateHz = 16_000): Promise<readonly number[]> => {
  const { shape, data } = await tensorOf(parseFrontEnd(fragment), {
    kind: 'sound',
    sound: pcm(Float32Array.from(noise(samples, 9)), rateHz),
  });
  expect(data).toHaveLength(shape.reduce((a, b) => a * b, 1));
  return shape;
};

describe('logMelBatch', () => {
  it.each(KINDS)("gives torchaudio's Kaldi fbank of %s", (kind) => {
    const { data, shape } = logMelBatch(pcm(sound(kind)), recipe({ preset: 'kaldi-fbank', layout: 'time-mel' }));
    expect(shape).toEqual([98, 128]);
    const errors = golden.kaldi[kind].map((value, i) => Math.abs(value - (data[(FRAMES[i >> 7] ?? 0) * 128 + (i & 127)] ?? NaN)));
    expect(errors).toHaveLength(4 * 128);
    expect(Math.max(...errors)).toBeLessThan(2e-3);
    expect(errors.reduce((a, b) => a + b) / errors.length).toBeLessThan(3e-5);
  });

  it.each(KINDS)("gives YAMNet's spectrogram of %s", (kind) => {
    const { data, shape } = logMelBatch(pcm(sound(kind)), recipe({ preset: 'yamnet' }));
    expect(shape).toEqual([98, 64]);
    const errors = golden.yamnet[kind].map((value, i) => Math.abs(value - (data[(FRAMES[i >> 6] ?? 0) * 64 + (i & 63)] ?? NaN)));
    expect(Math.max(...errors)).toBeLessThan(1e-3);
  });

  it('fills what is short before it normalises, and lays mel over time for ImageBind', () => {
    const plain = logMelBatch(pcm(sound('noise')), recipe({ preset: 'kaldi-fbank' }));
    const { shape, data } = logMelBatch(pcm(sound('noise')), recipe({ preset: 'imagebind' }));
    expect(shape).toEqual([1, 128, 204]);
    expect(data[203]).toBeCloseTo(4.268 / 9.138, 6);
    for (const [mel, frame] of [
      [0, 0],
      [5, 97],
      [127, 50],
    ] as const)
      expect(data[mel * 204 + frame]).toBeCloseTo(((plain.data[mel * 98 + frame] ?? NaN) + 4.268) / 9.138, 5);
  });

  it('repeats a short sound as often as it fits whole for CLAP, then silence', () => {
    const clap = recipe({ preset: 'clap' });
    const short = Float32Array.from(noise(200_000, 3), (v) => v - 0.5);
    const twice = new Float32Array(480_000);
    twice.set(short);
    twice.set(short, 200_000);
    expect(logMelBatch(pcm(short, 48_000), clap).data).toEqual(logMelBatch(pcm(twice, 48_000), clap).data);
  });

  it('cuts YAMNet patches half a patch apart out of the same frames', () => {
    const long = sound('tones', 16_000 * 3);
    const frames = logMelBatch(pcm(long), recipe({ preset: 'yamnet' })).data;
    const { shape, data } = logMelBatch(pcm(long), recipe({ preset: 'yamnet', patches: true }));
    expect(shape).toEqual([6, 96, 64]);
    expect(data.slice(96 * 64, 2 * 96 * 64)).toEqual(frames.slice(48 * 64, 144 * 64));
  });

  it.each([
    ['SOUND_TOO_SHORT', { preset: 'imagebind' }, new Float32Array(399), 16_000],
    ['SOUND_TOO_SHORT', { preset: 'clap' }, new Float32Array(1023), 48_000],
    ['SOUND_TOO_SHORT', { preset: 'yamnet', patches: true }, new Float32Array(0), 16_000],
    ['NOT_FINITE', { preset: 'ast' }, new Float32Array(16_000).fill(NaN, 70, 71), 16_000],
    ['NOT_FINITE', { preset: 'ast' }, new Float32Array(16_000).fill(Infinity, 70, 71), 16_000],
    ['WRONG_RATE', { preset: 'ast' }, new Float32Array(16_000), 44_100],
  ])('refuses with %s', (code, fragment, data, rateHz) => {
    expect(() => logMelBatch(pcm(data, rateHz), recipe(fragment))).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('the shapes of sound', () => {
  it.each([
    [{ kind: 'log-mel', preset: 'kaldi-fbank' }, 48_000, 16_000, [128, 298]],
    [{ kind: 'log-mel', preset: 'imagebind' }, 80_000, 16_000, [1, 128, 204]],
    [{ kind: 'log-mel', preset: 'imagebind', clips: 3 }, 80_000, 16_000, [3, 1, 128, 204]],
    [{ kind: 'log-mel', preset: 'ast' }, 16_000, 16_000, [1024, 128]],
    [{ kind: 'log-mel', preset: 'yamnet' }, 15_600, 16_000, [96, 64]],
    [{ kind: 'log-mel', preset: 'yamnet', patches: true }, 4000, 16_000, [1, 96, 64]],
    [{ kind: 'log-mel', preset: 'clap' }, 48_000, 48_000, [1, 1001, 64]],
    [{ kind: 'log-mel', preset: 'clap' }, 600_000, 48_000, [1, 1001, 64]],
    [{ kind: 'waveform', rateHz: 44_100, seconds: 5 }, 44_100, 44_100, [220_500]],
    [{ kind: 'waveform', rateHz: 16_000, seconds: 1, clips: 2 }, 40_000, 16_000, [2, 16_000]],
  ])('%o of %i samples', async (fragment, samples, rateHz, shape) => {
    expect(await shapeOf(fragment, samples, rateHz)).toEqual(shape);
  });

  it('takes clips evenly spaced from the start to the last that fits', async () => {
    const data = Float32Array.from({ length: 50_000 }, (_, i) => i);
    const of = async (sampleCount: number) =>
      tensorOf(parseFrontEnd({ kind: 'waveform', rateHz: 16_000, seconds: 1, clips: 3 }), {
        kind: 'sound',
        sound: pcm(data.subarray(0, sampleCount)),
      });
    const long = await of(50_000);
    expect([long.data[0], long.data[16_000], long.data[32_000]]).toEqual([0, 17_000, 34_000]);
    const short = await of(8000);
    expect(short.data.slice(16_000, 32_000)).toEqual(short.data.slice(0, 16_000));
  });
});

describe('streamingLogMel', () => {
  it.each(['imagebind', 'kaldi-fbank', 'yamnet'])('gives bit for bit what %s gives on the whole window', async (preset) => {
    const full = recipe({ preset });
    const data = Float32Array.from(noise(48_000, 21), (v) => v - 0.5);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 60 }),
        async (lengths, hopFrames) => {
          const chunks: Sample<Pcm>[] = [];
          for (let at = 0, seq = 0; at < data.length; seq++) {
            const piece = data.subarray(at, at + (lengths[seq % lengths.length] ?? 1));
            chunks.push(chunk(seq, at, piece));
            at += piece.length;
          }
          const hop = hopFrames * 160;
          const windows: Window<Pcm>[] = [];
          for (let start = 0; start + 16_000 <= data.length; start += hop) windows.push(window(chunks, start, start + 16_000));
          const outputs = await lastValueFrom(from(windows).pipe(streamingLogMel(full), toArray()));
          expect(outputs).toHaveLength(windows.length);
          outputs.forEach((output, i) => {
            const wanted = logMelBatch(pcm(data.slice(i * hop, i * hop + 16_000)), full);
            expect(tensorIn(output).shape).toEqual(wanted.shape);
            expect(Buffer.from(tensorIn(output).data.buffer).equals(Buffer.from(wanted.data.buffer))).toBe(true);
          });
        },
      ),
      { numRuns: 8, seed: 5 },
    );
  });

  it('gives the same to the bit where it hears the chunks before the windows do, lost, late, doubled and out of step as they may be', async () => {
    const full = recipe({ preset: 'kaldi-fbank' });
    const data = Float32Array.from(noise(64_000, 33), (v) => v - 0.5);
    const LOST = 0;
    const arrivals = fc.array(fc.tuple(fc.integer({ min: LOST, max: 12 }), fc.integer({ min: -300, max: 300 })), {
      minLength: 200,
      maxLength: 200,
    });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.boolean(), async (fates, isCalm) => {
        const sent = fates.flatMap(([fate, jitter], seq) => {
          const delay = isCalm || fate < 10 ? 0 : 3 * (fate - 9);
          const one = { ...chunk(seq, seq * 320, data.subarray(seq * 320, (seq + 1) * 320)), timeUs: us(seq * 320) + jitter };
          return fate === LOST && !isCalm ? [] : [{ at: seq + delay, one }, ...(fate === 9 ? [{ at: seq + 1, one }] : [])];
        });
        const samples = sent.toSorted((a, b) => a.at - b.at).map(({ one }) => one);
        const spectrograms = (isHeard: boolean) =>
          lastValueFrom(
            from(samples).pipe(
              connect((samples$) =>
                samples$.pipe(
                  slidingWindow<Pcm>({ sizeMs: 1000, hopMs: 250, latenessMs: 40 }),
                  streamingLogMel(full, isHeard ? samples$ : undefined),
                ),
              ),
              toArray(),
            ),
          );
        const [heard, unheard] = [await spectrograms(true), await spectrograms(false)];
        const bytes = (input: EncodeInput): Buffer => Buffer.from(tensorIn(input).data.buffer);
        expect(heard.map((input, i) => bytes(input).equals(unheard[i] ? bytes(unheard[i]) : Buffer.of()))).toEqual(heard.map(() => true));
        expect(heard).toHaveLength(unheard.length);
        expect(heard.length).toBeGreaterThan(10);
      }),
      { numRuns: 12, seed: 6 },
    );
  });

  it('hears a hole as silence, and what fills it late', async () => {
    const full = recipe({ preset: 'kaldi-fbank' });
    const data = Float32Array.from(noise(16_000, 4), (v) => v - 0.5);
    const [a, b, c] = [0, 4000, 8000].map((at, seq) => chunk(seq, at, data.subarray(at, seq === 2 ? undefined : at + 4000)));
    if (!a || !b || !c) throw new Error('three chunks');
    const windows = [window([a, c], 0, 16_000), window([a, b, c], 0, 16_000)];
    const [holed, whole] = await lastValueFrom(from(windows).pipe(streamingLogMel(full), toArray()));
    const silent = data.slice().fill(0, 4000, 8000);
    expect(tensorIn(holed).data).toEqual(logMelBatch(pcm(silent), full).data);
    expect(tensorIn(whole).data).toEqual(logMelBatch(pcm(data), full).data);
  });
});

/** Microseconds of a sample: 62.5 at 16 kHz. */
const us = (at: number): number => Math.round(at * 62.5);
const chunk = (seq: number, at: number, data: Float32Array): Sample<Pcm> => ({
  source: 'mic',
  modality: 'audio',
  seq,
  timeUs: us(at),
  durationUs: us(data.length),
  errorUs: 0,
  payload: pcm(data),
});
function window(chunks: readonly Sample<Pcm>[], start: number, end: number): Window<Pcm> {
  const members = chunks.filter(({ timeUs, durationUs }) => timeUs < us(end) && timeUs + durationUs > us(start));
  const samples = { first: members[0]?.seq ?? 0, last: members.at(-1)?.seq ?? 0, missing: 0 };
  return { source: 'mic', modality: 'audio', startUs: us(start), endUs: us(end), errorUs: 0, samples, coverage: 1, members };
}
function tensorIn(input: EncodeInput | undefined) {
  if (!input || !('tensor' in input)) throw new Error('no tensor');
  return input.tensor;
}

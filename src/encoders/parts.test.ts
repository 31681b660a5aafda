import { describe, expect, it } from 'vitest';
import { noise } from '../../test/helpers/onnx-writer.ts';
import { normalise } from '../space/vector.ts';
import { answerFault, answerOf, packAnswers } from './answer.ts';
import { CollapseWatch } from './collapse-watch.ts';
import { goldenInput } from './golden.ts';
import { LruCache } from './lru-cache.ts';
import { soundClips } from './sound-clips.ts';
import { transferItems, transferRaw } from './transfer.ts';
import { vectorFault } from './vector-fault.ts';

const item = (data: Float32Array): { name: string; dims: number[]; data: Float32Array }[] => [{ name: 'input', dims: [data.length], data }];

describe('CollapseWatch', () => {
  const feed = (watch: CollapseWatch, input: (i: number) => Float32Array, vector: (i: number) => Float32Array, times = 40): boolean => {
    for (let i = 0; i < times; i++) {
      watch.input(item(input(i)));
      watch.vector(vector(i));
    }
    return watch.isCollapsed;
  };
  const point = normalise(noise(64, 1));
  const varied = (i: number): Float32Array => noise(500, i + 1);

  it('is silent while vectors move', () => {
    expect(feed(new CollapseWatch(), varied, (i) => normalise(noise(64, i + 1)))).toBe(false);
  });
  it('is silent while inputs stand still', () => {
    expect(
      feed(
        new CollapseWatch(),
        () => noise(500, 1),
        () => point,
      ),
    ).toBe(false);
  });
  it('is silent for a still picture with sensor noise', () => {
    const nearly = (i: number): Float32Array => normalise(noise(64, i + 1).map((value, k) => (point[k] ?? 0) + 0.002 * value));
    expect(feed(new CollapseWatch(), varied, nearly)).toBe(false);
  });
  it('speaks when vectors stand still although inputs move, and until vectors move again', () => {
    const watch = new CollapseWatch();
    expect(feed(watch, varied, () => point, 15)).toBe(false);
    expect(feed(watch, varied, () => point, 1)).toBe(true);
    expect(
      feed(
        watch,
        () => noise(500, 1),
        () => point,
      ),
    ).toBe(true);
    expect(feed(watch, varied, (i) => normalise(noise(64, i + 100)), 1)).toBe(false);
  });
});

describe('vectorFault', () => {
  it('tells NaN, infinity and other lengths than 1 from unit vectors', () => {
    expect(vectorFault(normalise(noise(512, 1)))).toBeUndefined();
    expect(vectorFault(Float32Array.of(1, Number.NaN))).toBe('notFinite');
    expect(vectorFault(Float32Array.of(Number.POSITIVE_INFINITY, 0))).toBe('notFinite');
    expect(vectorFault(Float32Array.of(0, 0))).toBe('notUnit');
    expect(vectorFault(Float32Array.of(0.99, 0))).toBe('notUnit');
  });
});

describe('answers', () => {
  it('carry a confidence behind each vector, and are told apart from broken ones', () => {
    const packed = packAnswers(Float32Array.of(1, 0, 0, 1), Float32Array.of(0.5, 0));
    expect([...packed]).toEqual([1, 0, 0.5, 0, 1, 0]);
    expect(answerOf(packed.slice(3), 2)).toEqual({ vector: Float32Array.of(0, 1), confidence: 0 });
    expect(answerOf(Float32Array.of(0, 1), 2)).toEqual({ vector: Float32Array.of(0, 1) });
    expect([packed.slice(0, 3), Float32Array.of(1, 0)].map((answer) => answerFault(answer, 2))).toEqual([undefined, undefined]);
    for (const wrong of [-0.1, 1.1, Number.NaN]) expect(answerFault(Float32Array.of(1, 0, wrong), 2)).toBe('badConfidence');
    expect(answerFault(Float32Array.of(2, 0, 0.5), 2)).toBe('notUnit');
  });
});

describe('LruCache', () => {
  it('keeps what was used last', () => {
    const cache = new LruCache<string, number>(2);
    cache.set('a', 1);
    cache.set('b', 2);
    cache.get('a');
    cache.set('c', 3);
    expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.size]).toEqual([1, undefined, 3, 2]);
  });
});

describe('soundClips', () => {
  const window = { kind: 'sliding', sizeMs: 100, hopMs: 50, minCoverage: 1 } as const;
  const starts = (length: number): number[] =>
    [...soundClips({ kind: 'pcm', rateHz: 1000, data: Float32Array.from({ length }, (_, i) => i) }, window)].map(
      ({ sound }) => sound.data[0] ?? -1,
    );

  it('cuts a sound by the hop, the last clip ends with the sound', () => {
    expect(starts(230)).toEqual([0, 50, 100, 130]);
    expect(starts(200)).toEqual([0, 50, 100]);
  });
  it('leaves a short sound whole', () => {
    expect(starts(100)).toEqual([0]);
    const [clip] = soundClips({ kind: 'pcm', rateHz: 1000, data: new Float32Array(10) }, window);
    expect([clip?.sound.data.length, clip?.startUs, clip?.endUs]).toEqual([10, 0, 10_000]);
  });
});

describe('goldenInput', () => {
  it('is the formula of docs/bundles.md', () => {
    const input = goldenInput('image', 1, [2, 2]);
    expect([...input]).toEqual([...Float32Array.from([0.2, 0.4, 0.6, 0.8], (x) => Math.sin(x) * 0.5)]);
    expect(goldenInput('imu', 0, [1])[0]).toBeCloseTo(Math.sin(0.1) * 2.5, 6);
  });
});

describe('transfer', () => {
  it('gives our own arrays away, and copies a caller’s and views of larger buffers', () => {
    const own = new Float32Array(8);
    expect(transferItems([item(own)], true).items[0]?.[0]?.data).toBe(own);
    expect(transferItems([item(own)], false).items[0]?.[0]?.data).not.toBe(own);
    const view = own.subarray(2, 4);
    const { items, transfer } = transferItems([item(view)], true);
    expect(items[0]?.[0]?.data).toHaveLength(2);
    expect(transfer).toEqual([items[0]?.[0]?.data.buffer]);
  });
  it('copies pictures out of pooled buffers', () => {
    const bytes = Buffer.from('jpeg');
    const { raw, transfer } = transferRaw({ kind: 'picture', picture: { kind: 'encoded', bytes } });
    expect(transfer[0]?.byteLength).toBe(4);
    expect(raw).toEqual({ kind: 'picture', picture: { kind: 'encoded', bytes: Uint8Array.from(bytes) } });
    expect(transferRaw({ kind: 'text', text: 'x' }).transfer).toEqual([]);
  });
});

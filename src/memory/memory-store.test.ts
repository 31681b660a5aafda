import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { mergeMoments } from '../space/search/merge-moments.ts';
import { fineDot, quantise } from '../space/search/quantise.ts';
import { TopList } from '../space/search/top-list.ts';
import { dot, normalise } from '../space/vector.ts';
import { noise } from '../../test/helpers/onnx-writer.ts';
import { MemoryStore, type Remembered } from './memory-store.ts';
import { HEADER_BYTES, recordBytes } from './segment-format.ts';

const DIM = 64;
const SECOND = 1_000_000;
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));
const newFolder = (): string => {
  folders.push(mkdtempSync(join(tmpdir(), 'edgebind-memory-')));
  return folders.at(-1) ?? '';
};

const unit = (seed: number): Float32Array => normalise(noise(DIM, seed + 1));
const window = (source: string, second: number, vector = unit(second), space = 'here'): Remembered => ({
  source,
  modality: source === 'mic' ? 'audio' : 'image',
  space,
  startUs: second * SECOND,
  endUs: (second + 1) * SECOND,
  vector,
});
const limits = { maxBytes: 1e9, maxAgeUs: 1e15 };
const open = (dir: string, more: Partial<typeof limits> = {}): MemoryStore => new MemoryStore(dir, { ...limits, ...more });
const fileOf = (dir: string, source: string): string => join(dir, source, readdirSync(join(dir, source))[0] ?? '');

describe('MemoryStore', () => {
  it('scores every window since a time, in its order, source by source, and none of another space', () => {
    const store = open(newFolder());
    const windows = Array.from({ length: 200 }, (_, i) => window(i % 2 ? 'mic' : 'front', i));
    store.append([...windows, window('mic', 300, unit(300), 'elsewhere')]);
    const query = unit(9999);
    const past = store.scores('here', query, 100 * SECOND);
    expect(past.map(({ source, modality, scores }) => [source, modality, scores.length])).toEqual([
      ['front', 'image', 50],
      ['mic', 'audio', 51],
    ]);
    const mic = windows.filter(({ source, endUs }) => source === 'mic' && endUs >= 100 * SECOND);
    const found = past.find(({ source }) => source === 'mic')!;
    expect([...found.endUs]).toEqual(mic.map(({ endUs }) => endUs));
    expect([...found.startUs]).toEqual(mic.map(({ startUs }) => startUs));
    for (const [i, { vector }] of mic.entries()) expect(found.scores[i]).toBeCloseTo(dot(query, vector), 2);
    expect(store.scores('here', query, 1e12)).toEqual([]);
  });

  it('gives what a source had at a moment: the window that holds it or is nearest, within 2 s, of whatever space', () => {
    const dir = newFolder();
    const store = open(dir);
    store.append([10, 20, 21, 40].map((second) => window('mic', second)));
    store.append([window('front', 10), { ...window('front', 30), confidence: 0.25 }, window('front', 50, unit(50), 'elsewhere')]);
    const at = (source: string, seconds: number): unknown => {
      const found = store.moment(source, seconds * SECOND);
      if (!found) return undefined;
      const second = [10, 20, 21, 30, 40, 50].find((seed) => dot(found.vector, unit(seed)) > 0.9999);
      expect(dot(found.vector, found.vector)).toBeCloseTo(1, 5);
      return [found.space, second];
    };
    expect([20.4, 21.6, 8.1, 12.9].map((seconds) => at('mic', seconds))).toEqual([
      ['here', 20],
      ['here', 21],
      ['here', 10],
      ['here', 10],
    ]);
    expect([7.9, 13.1, 1e6, -5].map((seconds) => at('mic', seconds))).toEqual([undefined, undefined, undefined, undefined]);
    expect([at('front', 30.5), at('front', 50), at('nobody', 30)]).toEqual([['here', 30], ['elsewhere', 50], undefined]);
    // Also from the disk, and not from a record that is damaged.
    store.close();
    const file = fileOf(dir, 'mic');
    const bytes = readFileSync(file);
    bytes[HEADER_BYTES + 2 * recordBytes(DIM) + 40]! ^= 1;
    writeFileSync(file, bytes);
    const again = open(dir);
    expect(dot(again.moment('mic', 21.6 * SECOND)?.vector ?? new Float32Array(DIM), unit(20))).toBeGreaterThan(0.9999);
    again.close();
  });

  it('scores what its encoder was not sure of by as much less, in searches and for rules', () => {
    const store = open(newFolder());
    const sure = { ...window('mic', 1, unit(7)), confidence: 0.5 };
    store.append([sure, window('front', 2, unit(8)), window('mic', 9, unit(7))]);
    const { hits } = store.search({ space: 'here', vector: unit(7), top: 3 });
    expect(hits.map(({ startUs }) => startUs / SECOND)).toEqual([9, 1, 2]);
    expect(hits[0]?.score).toBeCloseTo(1, 4);
    expect(hits[1]?.score).toBeCloseTo(0.5, 4);
    expect(store.scores('here', unit(7), 0).find(({ source }) => source === 'mic')?.scores[0]).toBeCloseTo(0.5, 2);
  });

  it('finds what an exact search finds, with cosines that are right to 1e-4', () => {
    const store = open(newFolder());
    const windows = Array.from({ length: 3000 }, (_, i) => window(i % 2 ? 'mic' : 'front', i * 10));
    store.append(windows);
    for (const seed of [100_001, 100_002, 100_003]) {
      const query = unit(seed);
      const exact = windows.map(({ vector, startUs }) => ({ startUs, score: dot(query, vector) })).sort((a, b) => b.score - a.score);
      const { hits, searched } = store.search({ space: 'here', vector: query, top: 10 });
      expect(searched).toBe(3000);
      expect(hits.map(({ startUs }) => startUs)).toEqual(exact.slice(0, 10).map(({ startUs }) => startUs));
      for (const [i, { score }] of hits.entries()) expect(score).toBeCloseTo(exact[i]?.score ?? 0, 4);
    }
  });

  it('goes on after a restart, and after a kill in the middle of a record', () => {
    const dir = newFolder();
    open(dir).append([window('mic', 1), window('mic', 2), window('mic', 3)]);
    const file = fileOf(dir, 'mic');
    truncateSync(file, statSync(file).size - 7);
    const again = open(dir);
    expect(again.totals.windows).toBe(2);
    again.append([window('mic', 4)]);
    const { hits } = open(dir).search({ space: 'here', vector: unit(4), top: 4, mergeUs: 0 });
    expect(hits.map(({ startUs }) => startUs / SECOND).sort()).toEqual([1, 2, 4]);
    expect(hits[0]?.score).toBeCloseTo(1, 4);
  });

  it('leaves out a record that was damaged, and files that are no segments, by name', () => {
    const dir = newFolder();
    open(dir).append([window('mic', 1), window('mic', 10)]);
    const file = fileOf(dir, 'mic');
    const bytes = readFileSync(file);
    const at = HEADER_BYTES + recordBytes(DIM) + 100;
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
    appendFileSync(join(dir, 'mic', 'foreign.mem'), 'not a segment');
    writeFileSync(
      join(dir, 'mic', 'newer.mem'),
      bytes.toString('latin1').replace('"format":1', '"format":9').slice(0, HEADER_BYTES),
      'latin1',
    );
    const store = open(dir);
    expect(store.unreadable.sort()).toEqual([
      expect.stringContaining('foreign.mem'),
      expect.stringContaining('written by a newer EdgeBind (format 9'),
    ]);
    const { hits } = store.search({ space: 'here', vector: unit(10), top: 5, mergeUs: 0 });
    expect(hits.map(({ startUs }) => startUs / SECOND)).toEqual([1]);
  });

  it('never compares vectors of two spaces: those of another are counted', () => {
    const dir = newFolder();
    const store = open(dir);
    store.append([window('mic', 1), window('mic', 2, unit(2), 'elsewhere'), window('mic', 3, normalise(noise(32, 5)))]);
    expect(store.search({ space: 'here', vector: unit(2), top: 9, mergeUs: 0 })).toMatchObject({
      searched: 1,
      otherSpace: 2,
      hits: [{ startUs: SECOND }],
    });
  });

  it('looks only where it is asked to: sources, modalities, and a stretch of time', () => {
    const store = open(newFolder());
    store.append([0, 10, 20, 30].flatMap((second) => [window('mic', second), window('front', second)]));
    const starts = (query: object): string[] =>
      store
        .search({ space: 'here', vector: unit(1), top: 99, ...query })
        .hits.map(({ source, startUs }) => `${source} ${startUs / SECOND}`)
        .sort();
    expect(starts({ sources: ['mic'] })).toEqual(['mic 0', 'mic 10', 'mic 20', 'mic 30']);
    expect(starts({ modalities: ['image'], sinceUs: 15 * SECOND })).toEqual(['front 20', 'front 30']);
    expect(starts({ sinceUs: 10 * SECOND, untilUs: 20 * SECOND })).toEqual(['front 10', 'mic 10']);
  });

  it('is bounded in bytes and in age, the oldest going first, and never loses what is being written', () => {
    const dir = newFolder();
    const size = recordBytes(DIM);
    const store = open(dir, { maxBytes: 12_000 * size });
    for (let from = 0; from < 40_000; from += 1000) store.append(Array.from({ length: 1000 }, (_, i) => window('mic', from + i, unit(7))));
    expect(store.totals.bytes).toBeLessThanOrEqual((12_000 + 8192) * size + 2 * HEADER_BYTES);
    expect(store.search({ space: 'here', vector: unit(7), top: 1, sinceUs: 39_999 * SECOND }).hits).toHaveLength(1);
    expect(store.search({ space: 'here', vector: unit(7), top: 1, untilUs: 10_000 * SECOND }).hits).toHaveLength(0);
    const young = open(dir, { maxAgeUs: 1000 * SECOND });
    young.append([window('mic', 100_000)]);
    expect(young.totals.windows).toBeLessThanOrEqual(8192);
  });

  it('says where it cannot be written', () => {
    const dir = newFolder();
    writeFileSync(join(dir, 'mic'), 'a file where a folder should be');
    expect(() => open(dir).append([window('mic', 1)])).toThrow(/mic.*|cannot be written/);
  });
});

describe('quantise', () => {
  it('keeps cosines to 1e-4 whatever the vector', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 8, maxLength: 64 }),
        fc.integer({ min: 1, max: 1000 }),
        (values, seed) => {
          const vector = normalise(Float32Array.from(values));
          const query = normalise(noise(vector.length, seed));
          const [coarse, fine] = [new Int8Array(vector.length), new Int8Array(vector.length)];
          const scale = quantise(vector, coarse, fine);
          expect(Math.abs(fineDot(query, { scale, coarse, fine }) - dot(query, vector))).toBeLessThan(1e-4);
        },
      ),
    );
  });
});

describe('TopList', () => {
  it('keeps what sorting would keep', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -50, max: 50 }), { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (scores, size) => {
        const list = new TopList<number>(size);
        for (const [i, score] of scores.entries()) list.push(score, i);
        expect(list.sorted().map(({ score }) => score)).toEqual([...scores].sort((a, b) => b - a).slice(0, size));
      }),
    );
  });
});

describe('mergeMoments', () => {
  const at = (source: string, startUs: number) => ({ source, startUs, endUs: startUs + 10 });
  it('keeps the best of overlapping and near windows of one source, and all of different sources', () => {
    const hits = [at('a', 100), at('a', 105), at('b', 100), at('a', 115), at('a', 200)];
    expect(mergeMoments(hits, 10, 6)).toEqual([at('a', 100), at('b', 100), at('a', 200)]);
    expect(mergeMoments(hits, 2, 6)).toEqual([at('a', 100), at('b', 100)]);
  });
});

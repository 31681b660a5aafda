import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalise } from '../space/vector.ts';
import { noise } from '../../test/helpers/onnx-writer.ts';
import { MemoryStore, type MemoryLimits, type MemoryQuery, type Remembered } from './memory-store.ts';
import { removeHalfSealed } from './seal-segment.ts';
import { HEADER_BYTES, recordBytes } from './segment-format.ts';
import { decodeTable } from './segment-table.ts';

const DIM = 32;
const SECOND = 1_000_000;
const COUNT = 20_000;
const FULL = 2 * 8192;
const root = mkdtempSync(join(tmpdir(), 'edgebind-sealed-'));
const [plain, sealed] = [join(root, 'plain'), join(root, 'sealed')];
let folders = 0;
/** A copy of a memory, to do with as one likes. */
const copyOf = (dir: string): string => {
  const to = join(root, String(folders++));
  cpSync(dir, to, { recursive: true });
  return to;
};

const limits: MemoryLimits = { maxBytes: 1e9, maxAgeUs: 1e15, exactUpTo: 1000 };
const open = (dir: string, more: Partial<MemoryLimits> = {}): MemoryStore => new MemoryStore(dir, { ...limits, ...more });
const sealAll = (store: MemoryStore): MemoryStore => {
  while (store.seal(50));
  return store;
};

const scenes = Array.from({ length: 12 }, (_, i) => noise(DIM, i + 1));
const jitters = Array.from({ length: 499 }, (_, i) => noise(DIM, 100_000 + i));
/** What a camera sees that looks at one of a dozen scenes for a while, with something that happens now and then. */
const vectorAt = (i: number): Float32Array => {
  const isEvent = i % 97 === 0;
  const scene = isEvent ? noise(DIM, 5000 + i) : scenes[Math.floor(i / 500) % 12];
  const [jitter, drift] = [jitters[i % 499], jitters[i % 211]];
  return normalise(Float32Array.from({ length: DIM }, (_, n) => scene![n]! + 0.1 * jitter![n]! + 0.1 * drift![n]!));
};
const windowAt = (i: number): Remembered => ({
  source: 'cam',
  modality: 'image',
  space: 'here',
  startUs: i * 10 * SECOND,
  endUs: (i * 10 + 1) * SECOND,
  vector: vectorAt(i),
});
/** An event, a scene, and something that never was. */
const QUERIES = [vectorAt(97 * 50), vectorAt(1234), vectorAt(15_000), normalise(noise(DIM, 424_242))];
const starts = (store: MemoryStore, query: Partial<MemoryQuery> = {}): number[][] =>
  QUERIES.map((vector) => store.search({ space: 'here', vector, top: 10, ...query }).hits.map(({ startUs }) => startUs / SECOND / 10));
/** Share of what a search of every row finds. */
const recall = (found: readonly number[][], exact: readonly number[][]): number =>
  found.flatMap((rows, i) => rows.filter((row) => exact[i]?.includes(row))).length / exact.flat().length;

const fileOf = (dir: string, at: number): string => join(dir, 'cam', readdirSync(join(dir, 'cam')).sort()[at] ?? '');
const change = (path: string, at: number): void => {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  writeFileSync(path, bytes);
};

describe('a memory with sealed segments', { timeout: 60_000 }, () => {
  let exact: number[][];
  beforeAll(() => {
    const store = open(plain);
    store.append(Array.from({ length: COUNT }, (_, i) => windowAt(i)));
    store.close();
    exact = starts(open(plain, { exactUpTo: COUNT }));
    cpSync(plain, sealed, { recursive: true });
    const sealing = sealAll(open(sealed));
    expect(sealing.totals).toMatchObject({ windows: COUNT, indexed: FULL, repaired: 0 });
    sealing.close();
  }, 120_000);
  afterAll(() => rmSync(root, { recursive: true }));

  it('finds what a search of every row finds, in hardly more bytes', () => {
    const store = open(sealed);
    expect(recall(starts(store), exact)).toBeGreaterThanOrEqual(0.98);
    expect(store.search({ space: 'here', vector: QUERIES[0]!, top: 1 }).searched).toBe(COUNT);
    expect(store.totals.bytes).toBeLessThan(open(plain).totals.bytes * 1.02);
    expect(starts(open(sealed, { exactUpTo: COUNT }))).toEqual(exact);
  });

  it.each([
    { sinceUs: 5_000 * 10 * SECOND },
    { untilUs: 12_345 * 10 * SECOND },
    { sinceUs: 3_000 * 10 * SECOND, untilUs: 18_000 * 10 * SECOND },
    { sources: ['mic'] },
    { modalities: ['audio' as const] },
  ])('looks only where it is asked to: %j', (where) => {
    const [found, wanted] = [starts(open(sealed), where), starts(open(plain, { exactUpTo: COUNT }), where)];
    expect(found.map((rows) => rows.length)).toEqual(wanted.map((rows) => rows.length));
    expect(wanted.flat().length === 0 ? 1 : recall(found, wanted)).toBeGreaterThanOrEqual(0.98);
  });

  it('answers rightly all the while it is being sealed, and what is remembered meanwhile is found', () => {
    const store = open(copyOf(plain));
    let slices = 0;
    for (; store.seal(0); slices++) {
      if (slices % 97 !== 0) continue;
      const found = starts(store);
      expect(recall(found, exact)).toBeGreaterThanOrEqual(0.98);
      for (const rows of found) expect(new Set(rows).size).toBe(rows.length);
      const newest = windowAt(COUNT + slices);
      store.append([{ ...newest, vector: normalise(noise(DIM, 999_000 + slices)) }]);
      const query = { space: 'here', vector: normalise(noise(DIM, 999_000 + slices)), top: 1 };
      expect(store.search(query).hits[0]?.startUs).toBe(newest.startUs);
    }
    expect(slices).toBeGreaterThan(300);
    expect(store.totals.indexed).toBe(FULL);
  });

  it('keeps all when it is killed while it seals, as often as one likes', async () => {
    const dir = copyOf(plain);
    const module = new URL('../../dist/src/memory/memory-store.js', import.meta.url).href;
    const script = `
      const { MemoryStore } = await import(${JSON.stringify(module)});
      const store = new MemoryStore(${JSON.stringify(dir)}, ${JSON.stringify(limits)});
      while (store.seal(1)) process.stdout.write('.');`;
    for (const slices of [1, 40, 120]) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
      let seen = 0;
      child.stdout.on('data', (dots: Buffer) => {
        seen += dots.length;
        if (seen >= slices) child.kill('SIGKILL');
      });
      await once(child, 'close');
      removeHalfSealed(dir);
      expect(readdirSync(join(dir, 'cam')).filter((name) => !name.endsWith('.mem'))).toEqual([]);
      expect(open(dir).totals.windows).toBe(COUNT);
      expect(recall(starts(open(dir)), exact)).toBeGreaterThanOrEqual(0.98);
    }
    expect(sealAll(open(dir)).totals).toMatchObject({ windows: COUNT, indexed: FULL });
  });

  it('looks at every row where a table is damaged, and writes it anew', () => {
    const dir = copyOf(sealed);
    change(fileOf(dir, 0), statSync(fileOf(dir, 0)).size - 10);
    expect(recall(starts(open(dir)), exact)).toBeGreaterThanOrEqual(0.98);
    const store = sealAll(open(dir));
    expect(store.totals).toMatchObject({ windows: COUNT, indexed: FULL, repaired: 1 });
    store.close();
    expect(sealAll(open(dir)).totals.repaired).toBe(0);
  });

  it('leaves out a record that was damaged in a cluster, finds the others, and writes the segment anew without it', () => {
    const dir = copyOf(sealed);
    const [best] = exact[0] ?? [];
    const path = fileOf(dir, 0);
    const bytes = readFileSync(path);
    const size = recordBytes(DIM);
    const row = Array.from({ length: 8192 }, (_, i) => i).find(
      (i) => bytes.readDoubleLE(HEADER_BYTES + i * size + 8) === best! * 10 * SECOND,
    );
    change(path, HEADER_BYTES + row! * size + size - 1);
    const without = (exact[0] ?? []).slice(1);
    const store = open(dir);
    expect(starts(store)[0]?.slice(0, 9)).toEqual(without);
    sealAll(store);
    expect(store.totals).toMatchObject({ windows: COUNT - 1, indexed: FULL - 1, repaired: 1 });
    expect(starts(store)[0]?.slice(0, 9)).toEqual(without);
  });

  it('reads what is left of a sealed file that was cut off', () => {
    const dir = copyOf(sealed);
    truncateSync(fileOf(dir, 0), HEADER_BYTES + 5000 * recordBytes(DIM) + 13);
    const store = open(dir);
    expect(store.unreadable).toEqual([]);
    expect(store.totals.windows).toBe(COUNT - 8192 + 5000);
    const later = { sinceUs: 8192 * 10 * SECOND };
    expect(starts(store, later)).toEqual(starts(open(plain, { exactUpTo: COUNT }), later));
    expect(sealAll(store).totals).toMatchObject({ windows: COUNT - 8192 + 5000, repaired: 1 });
  });

  it('bears garbage between header and end: what holds no sum is left out', () => {
    const dir = copyOf(sealed);
    const bytes = readFileSync(fileOf(dir, 0));
    for (let i = HEADER_BYTES; i < HEADER_BYTES + 8192 * recordBytes(DIM); i++) bytes[i] = (i * 2_654_435_761) >>> 13;
    writeFileSync(fileOf(dir, 0), bytes);
    const later = { sinceUs: 8192 * 10 * SECOND };
    expect(starts(open(dir))).toEqual(starts(open(plain, { exactUpTo: COUNT }), later));
  });

  it('does not bring back what is let go while it is being sealed', () => {
    const dir = copyOf(plain);
    const store = open(dir, { maxAgeUs: 10_000 * 10 * SECOND });
    for (let i = 0; i < 20; i++) store.seal(0);
    store.append([windowAt(COUNT)]);
    sealAll(store);
    expect(readdirSync(join(dir, 'cam'))).toHaveLength(2);
    expect(starts(store, { untilUs: 8000 * 10 * SECOND }).flat()).toEqual([]);
  });

  it('is read rightly by another program that opened it before', () => {
    const dir = copyOf(plain);
    const reader = open(dir);
    starts(reader);
    const writer = sealAll(open(dir, { maxAgeUs: 10_000 * 10 * SECOND }));
    expect(recall(starts(reader), exact)).toBeGreaterThanOrEqual(0.98);
    writer.append([windowAt(COUNT)]);
    expect(starts(reader)).toEqual(starts(open(dir)));
  });
});

describe('decodeTable', () => {
  it('takes no bytes for a table that are none', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => decodeTable(Buffer.from(bytes), 100, DIM) === undefined));
  });
});

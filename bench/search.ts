import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Index, MetricKind, ScalarKind } from 'usearch';
import { MemoryStore, type Remembered } from '../src/memory/memory-store.ts';
import { dot } from '../src/space/vector.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';
import { sensorStream } from './search/sensor-stream.ts';

const DIM = 256;
const TOP = 10;
const BATCH = 4096;
const WARM_UP = 5;
/** So far apart that no two windows are one moment. */
const EVERY_US = 10_000_000;

/**
 * A search of the memory, of every window and of those in clusters, from its files, against a plain loop over all vectors in a
 * Float32Array and against usearch (HNSW in memory, 16 bits a number, looking at 256 nodes), at sizes that grow: ms a search, share of the loop's ten best that
 * are found, bytes a window, and how long the index takes to build. The windows are such as sensors give (`sensorStream`); at 100,000 also
 * such as no sensor gives: noise, of which no part is like another.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const results: BenchResult[] = [];
  for (const size of quick ? [10_000] : [10_000, 100_000, 1_000_000]) {
    results.push(...atSize(size, 'stream', quick ? 6 : 30));
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (!quick) results.push(...atSize(100_000, 'noise', 15));
  return report('search', results, ['usearch']);
}

function atSize(size: number, kind: 'stream' | 'noise', turns: number): BenchResult[] {
  const dir = mkdtempSync(join(tmpdir(), 'edgebind-bench-search-'));
  try {
    const stream = sensorStream(DIM, size, kind);
    const all = new Float32Array(size * DIM);
    const limits = { maxBytes: 1e12, maxAgeUs: 1e15 };
    const writer = new MemoryStore(dir, { ...limits, exactUpTo: 0 });
    for (let from = 0; from < size; from += BATCH) {
      const windows = Array.from({ length: Math.min(BATCH, size - from) }, (_, i): Remembered => {
        const vector = stream.next();
        all.set(vector, (from + i) * DIM);
        const startUs = (from + i) * EVERY_US;
        return { source: 'mic', modality: 'audio', space: 'bench', startUs, endUs: startUs + 1_000_000, vector };
      });
      writer.append(windows);
    }
    const plainBytes = writer.totals.bytes / size;
    const exact = new MemoryStore(dir, { ...limits, exactUpTo: Number.POSITIVE_INFINITY, cacheBytes: 1e12 });
    const queries = Array.from({ length: turns + WARM_UP }, () => stream.query());
    const truth = queries.map((query) => nearest(all, query));
    const everyRow = queries.map((query, turn) => ({ ...searched(exact, query, truth[turn]?.rows), opponent: truth[turn]?.ms ?? 0 }));

    const sealing = timed(() => {
      while (writer.seal(1000));
    });
    const inClusters = new MemoryStore(dir, { ...limits, exactUpTo: 0 });
    const index = new Index({
      dimensions: DIM,
      metric: MetricKind.IP,
      quantization: ScalarKind.F16,
      connectivity: 16,
      expansion_add: 128,
      expansion_search: 256,
      multi: false,
    });
    const building = timed(() => {
      for (let from = 0; from < size; from += BATCH) {
        const count = Math.min(BATCH, size - from);
        const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(from + i));
        index.add(keys, all.subarray(from * DIM, (from + count) * DIM), 1);
      }
    });
    const indexed = queries.map((query, turn) => {
      const ours = searched(inClusters, query, truth[turn]?.rows);
      const begun = performance.now();
      const { keys } = index.search(query, TOP, 1);
      const ms = performance.now() - begun;
      return { ...ours, opponent: ms, opponentFound: [...keys].filter((key) => truth[turn]?.rows.has(Number(key))).length / TOP };
    });

    // The first read from their files what is held for the others.
    const [everyRowWarm, indexedWarm] = [everyRow.slice(WARM_UP), indexed.slice(WARM_UP)];
    const share = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const what = `${size} ${kind === 'noise' ? 'of noise' : 'windows'}`;
    const recalled = 'share; more is better';
    return [
      compare(
        `${what}: every row against a plain loop`,
        'ms a search; less is better',
        everyRowWarm.map(({ ms, opponent }) => ({ ours: ms, opponent })),
      ),
      compare(`${what}: every row, of the ten best found`, recalled, [
        { ours: share(everyRowWarm.map(({ found }) => found)), opponent: 1 },
      ]),
      compare(
        `${what}: clusters against usearch`,
        'ms a search; less is better',
        indexedWarm.map(({ ms, opponent }) => ({ ours: ms, opponent })),
      ),
      compare(`${what}: clusters against usearch, of the ten best found`, recalled, [
        { ours: share(indexedWarm.map(({ found }) => found)), opponent: share(indexedWarm.map(({ opponentFound }) => opponentFound)) },
      ]),
      compare(`${what}: clusters against usearch, building`, 's on one core; less is better', [
        { ours: sealing / 1000, opponent: building / 1000 },
      ]),
      compare(`${what}: every row against a plain loop, bytes each`, 'bytes, ours with times and sums; less is better', [
        { ours: plainBytes, opponent: 4 * DIM },
      ]),
      compare(`${what}: clusters against usearch, bytes each`, 'bytes, ours with all of the above; less is better', [
        { ours: inClusters.totals.bytes / size, opponent: bytesOf(index, join(dir, 'usearch')) / size },
      ]),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function timed(work: () => void): number {
  const begun = performance.now();
  work();
  return performance.now() - begun;
}

/** A search of the memory, and what share of the right answer it finds. */
function searched(
  store: MemoryStore,
  vector: Float32Array,
  rows: ReadonlySet<number> = new Set(),
): { readonly ms: number; readonly found: number } {
  const begun = performance.now();
  const { hits } = store.search({ space: 'bench', vector, top: TOP });
  const ms = performance.now() - begun;
  return { ms, found: hits.filter(({ startUs }) => rows.has(startUs / EVERY_US)).length / TOP };
}

function nearest(all: Float32Array, query: Float32Array): { readonly rows: ReadonlySet<number>; readonly ms: number } {
  const begun = performance.now();
  const best: { score: number; row: number }[] = [];
  for (let row = 0; row * DIM < all.length; row++) {
    const score = dot(query, all.subarray(row * DIM, (row + 1) * DIM));
    if (best.length === TOP && score <= (best[TOP - 1]?.score ?? 0)) continue;
    best.push({ score, row });
    best.sort((a, b) => b.score - a.score);
    best.length = Math.min(best.length, TOP);
  }
  return { ms: performance.now() - begun, rows: new Set(best.map(({ row }) => row)) };
}

function bytesOf(index: Index, path: string): number {
  index.save(path);
  return statSync(path).size;
}

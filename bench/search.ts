import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore, type Remembered } from '../src/memory/memory-store.ts';
import { recordBytes } from '../src/memory/segment-format.ts';
import { seeded } from '../src/space/bind/seeded.ts';
import { dot, normalise } from '../src/space/vector.ts';
import { compare, report, type BenchOptions, type BenchReport, type BenchResult } from './report.ts';

const DIM = 256;
const TOP = 10;
const BATCH = 4096;

/**
 * A search of the memory (from disk, coarse then fine) against a plain loop over all vectors in a Float32Array, at sizes that grow: ms
 * a search, share of the loop's ten best that are found, and bytes a window against the loop's four a number.
 */
export async function run({ quick = false }: BenchOptions = {}): Promise<BenchReport> {
  const sizes = quick ? [10_000] : [10_000, 100_000, 1_000_000];
  const results: BenchResult[] = [];
  for (const size of sizes) {
    results.push(...atSize(size, quick ? 3 : 7));
    await new Promise((resolve) => setImmediate(resolve));
  }
  return report('search', results);
}

function atSize(size: number, turns: number): BenchResult[] {
  const dir = mkdtempSync(join(tmpdir(), 'edgebind-bench-search-'));
  try {
    const random = seeded(size);
    const all = new Float32Array(size * DIM);
    const store = new MemoryStore(dir, { maxBytes: 1e12, maxAgeUs: 1e15, cacheBytes: 1e12 });
    for (let from = 0; from < size; from += BATCH) {
      const windows = Array.from({ length: Math.min(BATCH, size - from) }, (_, i): Remembered => {
        const vector = clustered(random, from + i);
        all.set(vector, (from + i) * DIM);
        const startUs = (from + i) * 10_000_000;
        return { source: 'mic', modality: 'audio', space: 'bench', startUs, endUs: startUs + 1_000_000, vector };
      });
      store.append(windows);
    }
    const pairs: { ours: number; opponent: number }[] = [];
    let found = 0;
    for (let turn = -1; turn < turns; turn++) {
      const query = clustered(random, turn + 1);
      const before = performance.now();
      const { hits } = store.search({ space: 'bench', vector: query, top: TOP });
      const between = performance.now();
      const best = plainLoop(all, query);
      const after = performance.now();
      if (turn < 0) continue; // Both read what they search for the first time.
      found += hits.filter(({ startUs }) => best.has(startUs / 10_000_000)).length;
      pairs.push({ ours: between - before, opponent: after - between });
    }
    const recall = found / (turns * TOP);
    const bytes = { ours: recordBytes(DIM), opponent: 4 * DIM };
    return [
      compare(`${size} windows of ${DIM} numbers, a search`, 'ms; less is better', pairs),
      compare(`${size} windows, share of the ten best found`, 'share; more is better', [{ ours: recall, opponent: 1 }]),
      compare(`${size} windows, bytes each`, 'bytes, times and sum included; less is better', [bytes]),
    ];
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Unit vectors around 100 centres, as sensors see few scenes again and again. */
function clustered(random: () => number, i: number): Float32Array {
  const centre = seeded(i % 100);
  return normalise(Float32Array.from({ length: DIM }, () => centre() - 0.5 + 0.5 * (random() - 0.5)));
}

function plainLoop(all: Float32Array, query: Float32Array): Set<number> {
  const best: { score: number; row: number }[] = [];
  for (let row = 0; row * DIM < all.length; row++) {
    const score = dot(query, all.subarray(row * DIM, (row + 1) * DIM));
    if (best.length === TOP && score <= (best[TOP - 1]?.score ?? 0)) continue;
    best.push({ score, row });
    best.sort((a, b) => b.score - a.score);
    best.length = Math.min(best.length, TOP);
  }
  return new Set(best.map(({ row }) => row));
}

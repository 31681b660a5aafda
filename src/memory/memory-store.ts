import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import { candidatesFor, MERGE_US, mergeMoments, type Moment } from '../space/search/merge-moments.ts';
import { byteDot, coarseDot, fineDot, quantise } from '../space/search/quantise.ts';
import { TopList } from '../space/search/top-list.ts';
import { Segment, type SegmentBlock } from './segment.ts';

export interface MemoryLimits {
  /** Oldest segments go where all together are larger, in bytes. */
  readonly maxBytes: number;
  /** Segments whose newest window is older than this go, in microseconds. */
  readonly maxAgeUs: number;
  /** Segments are held in memory for the next search up to this, in bytes; the rest is read anew. Default 64 MiB. */
  readonly cacheBytes?: number;
}

/** A window to be remembered. */
export interface Remembered extends Moment {
  readonly modality: Modality;
  readonly space: string;
  readonly vector: Float32Array;
}

export interface MemoryQuery {
  readonly space: string;
  readonly vector: Float32Array;
  readonly top: number;
  readonly sinceUs?: number | undefined;
  readonly untilUs?: number | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly modalities?: readonly Modality[] | undefined;
  /** Hits of one source that are nearer than this are one moment. Default 2 s. */
  readonly mergeUs?: number | undefined;
}

export interface MemoryHit extends Moment {
  readonly modality: Modality;
  readonly score: number;
}

/** What every window of one source scores against a vector, in the order of time. */
export interface ScoredPast {
  readonly source: string;
  readonly modality: Modality;
  readonly space: string;
  readonly startUs: Float64Array;
  readonly endUs: Float64Array;
  readonly scores: Float32Array;
}

/** What was looked through for an answer. */
export interface MemoryAnswer {
  readonly hits: readonly MemoryHit[];
  readonly searched: number;
  /** Windows in range that are of another space, and cannot be compared. */
  readonly otherSpace: number;
}

const CACHE_BYTES = 64 * 1024 * 1024;
const MAX_SCORED = 1_000_000;

/**
 * The memory on disk: a folder of segments for each source, appended in order, bounded by bytes and age. BLOCKS the thread; the
 * runtime keeps it in a worker.
 */
export class MemoryStore {
  readonly #dir: string;
  readonly #limits: MemoryLimits;
  /** All segments, by source, oldest first. */
  readonly #segments = new Map<string, Segment[]>();
  readonly #cache = new Map<Segment, SegmentBlock>();
  /** Files that are no segments, with the reason. */
  readonly unreadable: string[] = [];
  #newestUs = Number.NEGATIVE_INFINITY;

  /** Opens what is there; a folder that is not there is an empty memory. */
  constructor(dir: string, limits: MemoryLimits) {
    this.#dir = dir;
    this.#limits = limits;
    for (const source of foldersIn(dir)) {
      const list: Segment[] = [];
      for (const name of namesIn(join(dir, source))) {
        if (!name.endsWith('.mem')) continue;
        try {
          list.push(Segment.open(join(dir, source, name)));
        } catch (error) {
          this.unreadable.push(messageOf(error));
        }
      }
      list.sort((a, b) => a.span.firstUs - b.span.firstUs);
      this.#segments.set(source, list);
      for (const { span } of list) this.#newestUs = Math.max(this.#newestUs, span.lastUs);
    }
  }

  get bytes(): number {
    return this.#all().reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get windows(): number {
    return this.#all().reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Writes windows, then lets go what is too old or too much.
   *
   * @throws EdgeBindError `MEMORY_UNWRITABLE`: nothing of the batch that could not be written is kept
   */
  append(windows: readonly Remembered[]): void {
    for (let from = 0; from < windows.length;) {
      const first = windows[from];
      if (!first) break;
      let to = from + 1;
      while (windows[to]?.source === first.source && windows[to]?.space === first.space) to++;
      this.#appendRun(first, windows.slice(from, to));
      from = to;
    }
    this.#letGo();
  }

  /** The moments most like a vector, best first; those of another space are counted, never compared. */
  search({
    space,
    vector,
    top,
    sinceUs = -Infinity,
    untilUs = Infinity,
    sources,
    modalities,
    mergeUs = MERGE_US,
  }: MemoryQuery): MemoryAnswer {
    const coarse = new Int8Array(vector.length);
    const scale = quantise(vector, coarse);
    const best = new TopList<{ segment: Segment; row: number }>(candidatesFor(top));
    let [searched, otherSpace] = [0, 0];
    for (const segment of this.#all()) {
      const { header, span, count } = segment;
      if (span.lastUs < sinceUs || span.firstUs >= untilUs || count === 0) continue;
      if ((sources && !sources.includes(header.source)) || (modalities && !modalities.includes(header.modality))) continue;
      if (header.space !== space || header.dim !== vector.length) {
        otherSpace += count;
        continue;
      }
      const block = this.#block(segment);
      let floor = best.floor;
      for (let row = 0; row < block.count; row++) {
        if ((block.endUs[row] ?? 0) < sinceUs || (block.startUs[row] ?? 0) >= untilUs) continue;
        searched++;
        const score = scale * (block.scales[row] ?? 0) * byteDot(coarse, block.coarse, row * header.dim);
        if (score <= floor) continue;
        best.push(score, { segment, row });
        floor = best.floor;
      }
    }
    const rows = new Map<Segment, number[]>();
    for (const { item } of best.sorted()) rows.set(item.segment, [...(rows.get(item.segment) ?? []), item.row]);
    const hits = [...rows].flatMap(([segment, wanted]) =>
      segment.readRows(wanted).map(({ record }): MemoryHit => {
        const { source, modality } = segment.header;
        return { source, modality, startUs: record.startUs, endUs: record.endUs, score: fineDot(vector, record) };
      }),
    );
    hits.sort((a, b) => b.score - a.score || b.startUs - a.startUs);
    return { hits: mergeMoments(hits, top, mergeUs), searched, otherSpace };
  }

  /** The cosine of every window since then, by source; right to about 0.001. At most the newest million windows of each. */
  scores(space: string, vector: Float32Array, sinceUs: number): ScoredPast[] {
    const found: ScoredPast[] = [];
    for (const [source, segments] of this.#segments) {
      const fitting = segments.filter(
        ({ header, span }) => header.space === space && header.dim === vector.length && span.lastUs >= sinceUs,
      );
      const [first] = fitting;
      if (!first) continue;
      const rows: { readonly startUs: number; readonly endUs: number; readonly score: number }[] = [];
      for (const segment of fitting) {
        const { count, coarse, scales, startUs, endUs } = this.#block(segment);
        for (let row = 0; row < count; row++) {
          if ((endUs[row] ?? 0) < sinceUs) continue;
          const score = (scales[row] ?? 0) * coarseDot(vector, coarse, row * vector.length);
          rows.push({ startUs: startUs[row] ?? 0, endUs: endUs[row] ?? 0, score });
        }
      }
      const newest = rows.sort((a, b) => a.endUs - b.endUs).slice(-MAX_SCORED);
      found.push({
        source,
        modality: first.header.modality,
        space,
        startUs: Float64Array.from(newest, (row) => row.startUs),
        endUs: Float64Array.from(newest, (row) => row.endUs),
        scores: Float32Array.from(newest, ({ score }) => score),
      });
    }
    return found;
  }

  close(): void {
    for (const segment of this.#all()) segment.close();
  }

  #all(): Segment[] {
    return [...this.#segments.values()].flat();
  }

  #appendRun({ source, modality, space, vector: { length: dim } }: Remembered, run: readonly Remembered[]): void {
    try {
      for (let from = 0; from < run.length;) {
        const list = this.#segments.get(source) ?? [];
        this.#segments.set(source, list);
        let segment = list.at(-1);
        if (!segment || segment.room === 0 || segment.header.space !== space || segment.header.dim !== dim) {
          segment?.close();
          mkdirSync(join(this.#dir, source), { recursive: true });
          segment = this.#create(join(this.#dir, source), { space, dim, source, modality }, run[from]?.startUs ?? 0);
          list.push(segment);
        }
        const part = run.slice(from, from + segment.room);
        segment.append(part);
        this.#cache.delete(segment);
        for (const { endUs } of part) this.#newestUs = Math.max(this.#newestUs, endUs);
        from += part.length;
      }
    } catch (cause) {
      throw new EdgeBindError('MEMORY_UNWRITABLE', `${this.#dir}: cannot be written: ${messageOf(cause)}`, { cause });
    }
  }

  /** Two segments may begin at one moment, e.g. after a replay: the later gets a longer name. */
  #create(folder: string, header: Segment['header'], startUs: number): Segment {
    const there = new Set(namesIn(folder));
    for (let again = 0; ; again++) {
      const name = `${String(startUs).padStart(16, '0')}${again > 0 ? `-${again}` : ''}.mem`;
      if (!there.has(name)) return Segment.create(join(folder, name), header);
    }
  }

  #block(segment: Segment): SegmentBlock {
    const cached = this.#cache.get(segment);
    if (cached) {
      this.#cache.delete(segment);
      this.#cache.set(segment, cached);
      return cached;
    }
    const block = segment.load();
    this.#cache.set(segment, block);
    let held = [...this.#cache.values()].reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [oldest, { bytes }] of this.#cache) {
      if (held <= (this.#limits.cacheBytes ?? CACHE_BYTES)) break;
      this.#cache.delete(oldest);
      held -= bytes;
    }
    return block;
  }

  #letGo(): void {
    const oldest = this.#all().sort((a, b) => a.span.lastUs - b.span.lastUs);
    let bytes = this.bytes;
    for (const segment of oldest) {
      const isTooOld = segment.span.lastUs < this.#newestUs - this.#limits.maxAgeUs;
      if (!isTooOld && bytes <= this.#limits.maxBytes) break;
      // The one that is being written goes last of all.
      if (this.#segments.get(segment.header.source)?.at(-1) === segment && !isTooOld) continue;
      bytes -= segment.bytes;
      const list = this.#segments.get(segment.header.source) ?? [];
      list.splice(list.indexOf(segment), 1);
      this.#cache.delete(segment);
      segment.remove();
    }
  }
}

const namesIn = (dir: string): string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

const foldersIn = (dir: string): string[] => {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
};

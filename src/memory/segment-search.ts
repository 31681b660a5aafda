import { readSync } from 'node:fs';
import { EdgeBindError } from '../core/errors.ts';
import type { ByteDots } from '../space/search/byte-dots.ts';
import type { ClusterTable } from '../space/search/cluster-table.ts';
import { candidatesFor, mergeMoments } from '../space/search/merge-moments.ts';
import { coarseError, fineDot, quantise } from '../space/search/quantise.ts';
import { TopList } from '../space/search/top-list.ts';
import type { BlockCache } from './block-cache.ts';
import type { MemoryHit } from './memory-store.ts';
import { HEADER_BYTES, META_BYTES, recordBytes, SCALE_AT } from './segment-format.ts';
import type { Segment } from './segment.ts';

export interface SegmentSearchOptions {
  readonly vector: Float32Array;
  readonly top: number;
  readonly sinceUs: number;
  readonly untilUs: number;
  readonly mergeUs: number;
  readonly cache: BlockCache;
  /** For vectors of this length. */
  readonly dots: ByteDots;
}

/** Records that a search wanted to answer with have changed since their segment was checked. */
export class DamagedRowsError extends EdgeBindError {
  readonly segments: readonly Segment[];

  constructor(segments: readonly Segment[]) {
    super('MEMORY_UNREADABLE', `${segments.map(({ path }) => path).join(', ')}: records are damaged`);
    this.segments = segments;
  }
}

interface Candidate {
  readonly segment: Segment;
  readonly row: number;
}

/** Windows that are merged into one moment, in the mean: whoever looks into few clusters has to find so many for each hit. */
const WINDOWS_A_MOMENT = 8;
/** Larger scales no unit vector has, see `quantise`: what says so is damaged. */
const MAX_SCALE = 1.001 / 127;

/**
 * One search through segments. The coarse bytes of rows, all or those of some clusters, find candidates; of these both bytes are read, best
 * first, until nothing better can come.
 */
export class SegmentSearch {
  readonly #options: SegmentSearchOptions;
  readonly #scale: number;
  readonly #best: TopList<Candidate>;
  readonly #deep: TopList<undefined>;
  #largestScale = 0;

  constructor(options: SegmentSearchOptions) {
    const { vector, top, dots } = options;
    this.#options = options;
    const coarse = new Int8Array(vector.length);
    this.#scale = quantise(vector, coarse);
    dots.ask(coarse);
    this.#best = new TopList(candidatesFor(top));
    this.#deep = new TopList(WINDOWS_A_MOMENT * top);
  }

  /** What rows have to score to be worth a look: enough are better than that. */
  get floor(): number {
    return this.#deep.floor;
  }

  /** Cosines of the query with the centres of clusters. */
  toCentres({ centres, scales }: ClusterTable): Float32Array {
    const sums = new Int32Array(scales.length);
    this.#options.dots.of(centres, scales.length, sums);
    return scales.map((scale, i) => Math.max(-1, Math.min(1, (sums[i] ?? 0) * scale * this.#scale)));
  }

  /** Looks at every row. @returns how many are within the time asked for @throws SegmentChangedError */
  scan(segment: Segment): number {
    const { cache, dots, sinceUs, untilUs } = this.#options;
    const { count, coarse, scales, startUs, endUs } = cache.get(segment);
    const sums = new Int32Array(count);
    dots.of(coarse, count, sums);
    let searched = 0;
    for (let row = 0; row < count; row++) {
      const scale = scales[row] ?? 0;
      if (scale === 0 || (endUs[row] ?? 0) < sinceUs || (startUs[row] ?? 0) >= untilUs) continue;
      searched++;
      this.#offer(sums[row] ?? 0, scale, segment, row);
    }
    return searched;
  }

  /** Looks at the rows of some clusters, whatever their time. Reads forwards where the clusters are in order. @throws SegmentChangedError */
  lookInto(segment: Segment, { starts }: ClusterTable, clusters: readonly number[]): void {
    const { dots } = this.#options;
    const { room } = dots;
    const size = recordBytes(segment.header.dim);
    const atOnce = Math.floor(room.length / size);
    const view = new DataView(room.buffer, room.byteOffset, room.length);
    segment.reading((fd) => {
      for (const cluster of clusters) {
        const end = starts[cluster + 1] ?? 0;
        for (let from = starts[cluster] ?? 0; from < end; from += atOnce) {
          const wanted = Math.min(atOnce, end - from);
          const count = Math.floor(readSync(fd, room, 0, wanted * size, HEADER_BYTES + from * size) / size);
          const sums = dots.ofRoom(count, size, META_BYTES);
          for (let i = 0; i < count; i++) this.#offer(sums[i] ?? 0, view.getFloat32(i * size + SCALE_AT, true), segment, from + i);
        }
      }
    });
  }

  /** The best moments. @throws DamagedRowsError, SegmentChangedError */
  hits(): MemoryHit[] {
    const { top, mergeUs } = this.#options;
    const candidates = this.#best.sorted();
    const error = coarseError(this.#scale, this.#largestScale);
    const found: MemoryHit[] = [];
    for (let from = 0, size = 4 * top; ; from += size, size *= 2) {
      found.push(...this.#read(candidates.slice(from, from + size).map(({ item }) => item)));
      found.sort((a, b) => b.score - a.score || b.startUs - a.startUs);
      const moments = mergeMoments(found, top, mergeUs);
      const next = candidates[from + size];
      if (!next || (moments.length === top && (moments.at(-1)?.score ?? 0) > next.score + error)) return moments;
    }
  }

  #offer(sum: number, scale: number, segment: Segment, row: number): void {
    const score = sum * scale * this.#scale;
    // What is no number is not above, either.
    if (!(score > this.#best.floor) || !(scale <= MAX_SCALE)) return;
    this.#best.push(score, { segment, row });
    this.#deep.push(score, undefined);
    this.#largestScale = Math.max(this.#largestScale, scale);
  }

  #read(candidates: readonly Candidate[]): MemoryHit[] {
    const rows = new Map<Segment, number[]>();
    for (const { segment, row } of candidates) {
      const list = rows.get(segment);
      if (list) list.push(row);
      else rows.set(segment, [row]);
    }
    const damaged: Segment[] = [];
    const hits = [...rows].flatMap(([segment, wanted]) => {
      const { source, modality } = segment.header;
      const read = segment.readRows(wanted);
      if (read.length < wanted.length) damaged.push(segment);
      return read.map((record): MemoryHit => {
        return { source, modality, startUs: record.startUs, endUs: record.endUs, score: fineDot(this.#options.vector, record) };
      });
    });
    if (damaged.length > 0) throw new DamagedRowsError(damaged);
    return hits;
  }
}

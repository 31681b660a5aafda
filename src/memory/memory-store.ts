import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import { ByteDots } from '../space/search/byte-dots.ts';
import { MERGE_US, type Moment } from '../space/search/merge-moments.ts';
import { BlockCache } from './block-cache.ts';
import { nearestWindow } from './nearest-window.ts';
import { probe, type Sealed } from './probe.ts';
import { scorePast, type ScoredPast } from './score-past.ts';
import { Sealing } from './sealing.ts';
import { DamagedRowsError, SegmentSearch } from './segment-search.ts';
import { Segment, SegmentChangedError } from './segment.ts';
import type { SpaceVector } from '../space/vector.ts';

export interface MemoryLimits {
  /** Oldest segments go where all together are larger, in bytes. */
  readonly maxBytes: number;
  /** Segments whose newest window is older than this go, in microseconds. */
  readonly maxAgeUs: number;
  /** Segments are held in memory for the next search up to this, in bytes; the rest is read anew. Default 64 MiB. */
  readonly cacheBytes?: number;
  /** Up to so many windows every one is looked at; where a search has more to look through, those in clusters are. Default 100,000. */
  readonly exactUpTo?: number;
}

/** A window to be remembered. */
export interface Remembered extends Moment {
  readonly modality: Modality;
  readonly space: string;
  readonly vector: Float32Array;
  readonly confidence?: number;
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

/** How much is kept, and how. */
export interface MemoryTotals {
  readonly windows: number;
  readonly bytes: number;
  /** Windows in segments that are sealed: a search need not look at each of them. */
  readonly indexed: number;
  /** Sealed segments that were found damaged, and written anew without what was lost. */
  readonly repaired: number;
}

/** What was looked through for an answer. */
export interface MemoryAnswer {
  readonly hits: readonly MemoryHit[];
  readonly searched: number;
  /** Windows in range that are of another space, and cannot be compared. */
  readonly otherSpace: number;
  /** Sources of which anything is kept, also outside of what was asked for. */
  readonly sources: readonly string[];
}

const CACHE_BYTES = 64 * 1024 * 1024;
const EXACT_UP_TO = 100_000;

/**
 * The memory on disk: a folder of segments for each source, appended in order, bounded by bytes and age. BLOCKS the thread; the
 * runtime keeps it in a worker.
 */
export class MemoryStore {
  readonly #dir: string;
  readonly #limits: MemoryLimits;
  readonly #exactUpTo: number;
  /** All segments, by source, oldest first. */
  readonly #segments = new Map<string, Segment[]>();
  readonly #cache: BlockCache;
  readonly #sealing: Sealing;
  /** Files that are no segments, with the reason. */
  readonly unreadable: string[] = [];
  #newestUs = Number.NEGATIVE_INFINITY;
  #dots = new ByteDots(1);

  /** Opens what is there; a folder that is not there is an empty memory. */
  constructor(dir: string, limits: MemoryLimits) {
    this.#dir = dir;
    this.#limits = limits;
    this.#exactUpTo = limits.exactUpTo ?? EXACT_UP_TO;
    this.#cache = new BlockCache(limits.cacheBytes ?? CACHE_BYTES);
    this.#sealing = new Sealing({
      full: () => this.#full(),
      isKept: (segment) => this.#segments.get(segment.header.source)?.includes(segment) === true,
      replace: (old, sealed) => this.#replace(old, sealed),
    });
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

  get totals(): MemoryTotals {
    const all = this.#all();
    return {
      windows: countOf(all),
      bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
      indexed: countOf(all.filter(({ header }) => header.sealed)),
      repaired: this.#sealing.repaired,
    };
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

  /**
   * Goes on putting full segments into clusters, where there are more windows than a search looks at one by one. For the one who writes
   * the memory, never for one who only reads it.
   *
   * @param ms about so long
   * @returns false where there is nothing to do until something is appended
   * @throws EdgeBindError `MEMORY_UNWRITABLE`: that segment stays as it is until the next start
   */
  seal(ms: number): boolean {
    try {
      return this.#sealing.goOn(ms);
    } catch (cause) {
      throw new EdgeBindError('MEMORY_UNWRITABLE', `${this.#dir}: a segment cannot be sealed: ${messageOf(cause)}`, { cause });
    }
  }

  /** The moments most like a vector, best first; those of another space are counted, never compared. */
  search(query: MemoryQuery): MemoryAnswer {
    return this.#whateverChanges(() => this.#search(query));
  }

  /** The cosine of every window since then, by source; right to about 0.001. At most the newest million windows of each. */
  scores(space: string, vector: Float32Array, sinceUs: number): ScoredPast[] {
    return this.#whateverChanges(() => this.#scores(space, vector, sinceUs));
  }

  /** What a source gave at a moment: the unit vector of its nearest window within 2 s. */
  moment(source: string, timeUs: number): SpaceVector | undefined {
    return this.#whateverChanges(() => nearestWindow(this.#segments.get(source) ?? [], timeUs, this.#cache));
  }

  close(): void {
    this.#sealing.stop();
    for (const segment of this.#all()) segment.close();
  }

  #search({
    space,
    vector,
    top,
    sinceUs = -Infinity,
    untilUs = Infinity,
    sources,
    modalities,
    mergeUs = MERGE_US,
  }: MemoryQuery): MemoryAnswer {
    const dots = this.#dotsOf(vector.length);
    const search = new SegmentSearch({ vector, top, sinceUs, untilUs, mergeUs, cache: this.#cache, dots });
    const inRange = this.#all().filter(
      ({ header, span, count }) =>
        count > 0 &&
        span.lastUs >= sinceUs &&
        span.firstUs < untilUs &&
        (!sources || sources.includes(header.source)) &&
        (!modalities || modalities.includes(header.modality)),
    );
    const ofSpace = inRange.filter(({ header }) => header.space === space && header.dim === vector.length);
    const all = countOf(ofSpace);
    const sealed = new Map<Segment, Sealed>();
    for (const segment of all > this.#exactUpTo ? ofSpace : []) {
      // Of a segment that is in range in part the rows have to be asked for their time.
      const table = segment.span.firstUs >= sinceUs && segment.span.lastUs < untilUs ? segment.table : undefined;
      if (table) sealed.set(segment, { segment, table });
    }
    let searched = countOf([...sealed.keys()]);
    for (const segment of ofSpace) if (!sealed.has(segment)) searched += search.scan(segment);
    probe(search, [...sealed.values()]);
    return { hits: search.hits(), searched, otherSpace: countOf(inRange) - all, sources: [...this.#segments.keys()] };
  }

  #scores(space: string, vector: Float32Array, sinceUs: number): ScoredPast[] {
    return [...this.#segments].flatMap(([source, segments]) => {
      const fitting = segments.filter(
        ({ header, span }) => header.space === space && header.dim === vector.length && span.lastUs >= sinceUs,
      );
      return scorePast(source, fitting, { vector, sinceUs, cache: this.#cache, dots: this.#dotsOf(vector.length) }) ?? [];
    });
  }

  /** Does it again where a file was replaced, removed or damaged meanwhile. */
  #whateverChanges<T>(work: () => T): T {
    for (let left = this.#all().length + 3; ; left--) {
      try {
        return work();
      } catch (error) {
        if (left === 0) throw error;
        if (error instanceof SegmentChangedError) {
          this.#reopen(error.segment);
        } else if (error instanceof DamagedRowsError) {
          for (const segment of error.segments) {
            this.#cache.drop(segment);
            segment.distrust();
          }
        } else throw error;
      }
    }
  }

  #reopen(segment: Segment): void {
    let now: Segment | undefined;
    try {
      now = Segment.open(segment.path);
    } catch {
      now = undefined;
    }
    this.#replace(segment, now);
  }

  #replace(segment: Segment, by: Segment | undefined): void {
    const list = this.#segments.get(segment.header.source) ?? [];
    const at = list.indexOf(segment);
    if (at >= 0) list.splice(at, 1, ...(by ? [by] : []));
    this.#cache.drop(segment);
  }

  #full(): Segment[] {
    if (countOf(this.#all()) <= this.#exactUpTo) return [];
    return [...this.#segments.values()].flatMap((list) => list.filter((segment, i) => segment.room === 0 || i < list.length - 1));
  }

  #dotsOf(dim: number): ByteDots {
    if (this.#dots.dim !== dim) this.#dots = new ByteDots(dim);
    return this.#dots;
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

  #letGo(): void {
    const oldest = this.#all().sort((a, b) => a.span.lastUs - b.span.lastUs);
    let { bytes } = this.totals;
    for (const segment of oldest) {
      const isTooOld = segment.span.lastUs < this.#newestUs - this.#limits.maxAgeUs;
      if (!isTooOld && bytes <= this.#limits.maxBytes) break;
      // The one that is being written goes last of all.
      if (this.#segments.get(segment.header.source)?.at(-1) === segment && !isTooOld) continue;
      bytes -= segment.bytes;
      const list = this.#segments.get(segment.header.source) ?? [];
      list.splice(list.indexOf(segment), 1);
      this.#cache.drop(segment);
      segment.remove();
    }
  }
}

const countOf = (segments: readonly Segment[]): number => segments.reduce((sum, { count }) => sum + count, 0);

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

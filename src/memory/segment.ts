import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import type { ClusterTable } from '../space/search/cluster-table.ts';
import {
  decodeHeader,
  decodeRecord,
  encodeHeader,
  encodeRecord,
  HEADER_BYTES,
  META_BYTES,
  recordBytes,
  SCALE_AT,
  type MemoryRecord,
  type SegmentHeader,
} from './segment-format.ts';
import type { SpaceVector } from '../space/vector.ts';
import { decodeTable } from './segment-table.ts';

/** What of a segment is looked through in a search: all rows, in memory; with room for more than `count` where it is still written. */
export interface SegmentBlock {
  readonly count: number;
  /** `count` x `dim`. */
  readonly coarse: Int8Array;
  /** 0 where a record was damaged. */
  readonly scales: Float32Array;
  readonly startUs: Float64Array;
  readonly endUs: Float64Array;
  readonly bytes: number;
}

/** Records of one segment at most: 8,192 windows are an hour or more of most sources, and some 10 MB. */
const MAX_RECORDS = 8192;
/** Records are read in pieces of so many bytes. */
const PIECE = 1 << 20;
/** Rows that are not farther apart are read together, but not more than so many. */
const NEAR = 8;
const MAX_TOGETHER = 256;

/** The file is another one than when it was opened, or none: `edgebind run` sealed it, or let it go, while a tool reads. */
export class SegmentChangedError extends EdgeBindError {
  readonly segment: Segment;

  constructor(segment: Segment, cause?: unknown) {
    super('MEMORY_CHANGED', `${segment.path}: was replaced or removed while it was read`, { cause });
    this.segment = segment;
  }
}

/** One file of the memory. Blocking: for the memory's own thread, and for tools. */
export class Segment {
  readonly path: string;
  readonly header: SegmentHeader;
  readonly #inode: number;
  #count: number;
  #firstUs = Number.POSITIVE_INFINITY;
  #lastUs = Number.NEGATIVE_INFINITY;
  /** Open for writing. */
  #fd: number | undefined;
  #fileBytes: number;
  #table: ClusterTable | 'none' | undefined;

  private constructor(path: string, header: SegmentHeader, fd: number) {
    this.path = path;
    this.header = header;
    const { size, ino } = fstatSync(fd);
    this.#inode = ino;
    this.#fileBytes = size;
    // A record that was being written when the program was killed is not counted.
    const whole = Math.max(0, Math.floor((size - HEADER_BYTES) / recordBytes(header.dim)));
    this.#count = header.sealed ? Math.min(header.sealed.rows, whole) : whole;
    if (header.sealed) this.#reach(header.sealed.firstUs, header.sealed.lastUs);
  }

  /** @throws what `fs` throws where it cannot be made */
  static create(path: string, header: SegmentHeader): Segment {
    const fd = openSync(path, 'wx');
    writeFileSync(fd, encodeHeader(header));
    const segment = new Segment(path, header, fd);
    segment.#fd = fd;
    return segment;
  }

  /** @throws UsageError `MEMORY_UNREADABLE`, `MEMORY_NEWER` */
  static open(path: string): Segment {
    const fd = openSync(path, 'r');
    try {
      const head = Buffer.alloc(HEADER_BYTES);
      if (readSync(fd, head, 0, HEADER_BYTES, 0) < HEADER_BYTES)
        throw new UsageError('MEMORY_UNREADABLE', `${path}: breaks off in its header; remove it`);
      const segment = new Segment(path, decodeHeader(head, path), fd);
      const ends = segment.header.sealed || segment.#count === 0 ? [] : segment.readRows([0, segment.#count - 1]);
      for (const { startUs, endUs } of ends) segment.#reach(startUs, endUs);
      return segment;
    } finally {
      closeSync(fd);
    }
  }

  get count(): number {
    return this.#count;
  }

  /** How many records still fit. */
  get room(): number {
    return this.header.sealed ? 0 : Math.max(0, MAX_RECORDS - this.#count);
  }

  /** From the first record's start to the last one's end; windows come in the order of their ends. */
  get span(): { readonly firstUs: number; readonly lastUs: number } {
    return { firstUs: this.#firstUs, lastUs: this.#lastUs };
  }

  get bytes(): number {
    return this.header.sealed ? this.#fileBytes : HEADER_BYTES + this.#count * recordBytes(this.header.dim);
  }

  /** The clusters of a sealed segment, read once; undefined where it has none, or one that is damaged. */
  get table(): ClusterTable | undefined {
    this.#table ??= this.#readTable() ?? 'none';
    return this.#table === 'none' ? undefined : this.#table;
  }

  /** Looks the clusters up no more: a record in them is damaged. */
  distrust(): void {
    this.#table = 'none';
  }

  /** Writes records behind the last whole one. @throws what `fs` throws: the disk is full */
  append(records: readonly (Pick<MemoryRecord, 'startUs' | 'endUs'> & Omit<SpaceVector, 'space'>)[]): void {
    this.#fd ??= openSync(this.path, 'r+');
    const size = recordBytes(this.header.dim);
    const whole = Buffer.concat(records.map(({ startUs, endUs, vector, confidence }) => encodeRecord(startUs, endUs, vector, confidence)));
    const at = HEADER_BYTES + this.#count * size;
    try {
      let written = 0;
      while (written < whole.length) written += writeSync(this.#fd, whole, written, whole.length - written, at + written);
    } catch (error) {
      ftruncateSync(this.#fd, at);
      throw error;
    }
    this.#count += whole.length / size;
    for (const { startUs, endUs } of records) this.#reach(startUs, endUs);
  }

  /**
   * All rows; one whose sum does not hold counts as all zero.
   *
   * @param known its first rows, read before: only those that came since are read
   * @throws SegmentChangedError
   */
  load(known?: SegmentBlock): SegmentBlock {
    const { dim } = this.header;
    const from = known?.count ?? 0;
    const block = withRoom(known, this.#count, dim, this.room > 0);
    this.reading((fd) => {
      const size = recordBytes(dim);
      const atOnce = Math.max(1, Math.floor(PIECE / size));
      const piece = Buffer.allocUnsafe(Math.min(this.#count - from, atOnce) * size);
      const bytes = new Int8Array(piece.buffer, piece.byteOffset, piece.length);
      for (let first = from; first < this.#count; first += atOnce) {
        const wanted = Math.min(this.#count - first, atOnce) * size;
        const got = readSync(fd, piece, 0, wanted, HEADER_BYTES + first * size);
        for (let at = 0; at + size <= got; at += size) {
          if (crc32(piece.subarray(at + 4, at + size)) !== piece.readUInt32LE(at)) continue;
          const row = first + at / size;
          block.coarse.set(bytes.subarray(at + META_BYTES, at + META_BYTES + dim), row * dim);
          block.scales[row] = piece.readFloatLE(at + SCALE_AT);
          block.startUs[row] = piece.readDoubleLE(at + 8);
          block.endUs[row] = piece.readDoubleLE(at + 16);
        }
      }
    });
    return block;
  }

  /** Single rows in full, in the order of the file; those that cannot be read are left out. @throws SegmentChangedError */
  readRows(rows: readonly number[]): MemoryRecord[] {
    const { dim } = this.header;
    const size = recordBytes(dim);
    const sorted = rows.toSorted((a, b) => a - b);
    return this.reading((fd) => {
      const records: MemoryRecord[] = [];
      for (let from = 0; from < sorted.length;) {
        // Rows that are near each other come in one piece: what is between them costs less than another call.
        const first = sorted[from] ?? 0;
        let last = first;
        let to = from + 1;
        for (; (sorted[to] ?? Infinity) - last <= NEAR && (sorted[to] ?? 0) - first < MAX_TOGETHER; to++) last = sorted[to] ?? 0;
        const piece = Buffer.allocUnsafe((last - first + 1) * size);
        const got = readSync(fd, piece, 0, piece.length, HEADER_BYTES + first * size);
        for (const row of sorted.slice(from, to)) {
          const record = decodeRecord(piece.subarray(0, got), (row - first) * size, dim);
          if (record) records.push(record);
        }
        from = to;
      }
      return records;
    });
  }

  /** Opens the file for as long as `work` takes. @throws SegmentChangedError where it is no longer the one that was opened */
  reading<T>(work: (fd: number) => T): T {
    let fd: number;
    try {
      fd = openSync(this.path, 'r');
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') throw new SegmentChangedError(this, cause);
      throw cause;
    }
    try {
      if (fstatSync(fd).ino !== this.#inode) throw new SegmentChangedError(this);
      return work(fd);
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  remove(): void {
    this.close();
    unlinkSync(this.path);
  }

  #readTable(): ClusterTable | undefined {
    const { sealed, dim } = this.header;
    const at = HEADER_BYTES + this.#count * recordBytes(dim);
    const length = this.#fileBytes - at;
    // Of a file that was cut off nothing is left behind the records; more than the records themselves no table has.
    if (!sealed || this.#count < sealed.rows || length > at) return undefined;
    return this.reading((fd) => {
      const bytes = Buffer.alloc(length);
      return readSync(fd, bytes, 0, length, at) === length ? decodeTable(bytes, sealed.rows, dim) : undefined;
    });
  }

  #reach(startUs: number, endUs: number): void {
    this.#firstUs = Math.min(this.#firstUs, startUs);
    this.#lastUs = Math.max(this.#lastUs, endUs);
  }
}

/** A block of `count` rows that begins with those of `known`. Where more will come it has room for them, so that few of them are copied often. */
function withRoom(known: SegmentBlock | undefined, count: number, dim: number, isGrowing: boolean): SegmentBlock {
  if (known && known.scales.length >= count) return { ...known, count };
  const rows = isGrowing ? Math.min(MAX_RECORDS, Math.max(256, 2 * count)) : count;
  const block: SegmentBlock = {
    count,
    coarse: new Int8Array(rows * dim),
    scales: new Float32Array(rows),
    startUs: new Float64Array(rows),
    endUs: new Float64Array(rows),
    bytes: rows * (dim + 20),
  };
  if (!known) return block;
  block.coarse.set(known.coarse);
  block.scales.set(known.scales);
  block.startUs.set(known.startUs);
  block.endUs.set(known.endUs);
  return block;
}

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { UsageError } from '../core/errors.ts';
import {
  decodeHeader,
  decodeRecord,
  encodeHeader,
  encodeRecord,
  HEADER_BYTES,
  recordBytes,
  type MemoryRecord,
  type SegmentHeader,
} from './segment-format.ts';

/** What of a segment is looked through in a search: all rows, in memory. */
export interface SegmentBlock {
  readonly count: number;
  /** `count` x `dim`. */
  readonly coarse: Int8Array;
  readonly scales: Float32Array;
  readonly startUs: Float64Array;
  readonly endUs: Float64Array;
  readonly bytes: number;
}

/** Records of one segment at most: 8,192 windows are an hour or more of most sources, and some 10 MB. */
const MAX_RECORDS = 8192;

/** One file of the memory. Blocking: for the memory's own thread, and for tools. */
export class Segment {
  readonly path: string;
  readonly header: SegmentHeader;
  #count: number;
  #firstUs = Number.POSITIVE_INFINITY;
  #lastUs = Number.NEGATIVE_INFINITY;
  #fd: number | undefined;

  private constructor(path: string, header: SegmentHeader, count: number) {
    this.path = path;
    this.header = header;
    this.#count = count;
  }

  /** @throws what `fs` throws where it cannot be made */
  static create(path: string, header: SegmentHeader): Segment {
    const fd = openSync(path, 'wx');
    writeSync(fd, encodeHeader(header));
    const segment = new Segment(path, header, 0);
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
      const header = decodeHeader(head, path);
      // A record that was being written when the program was killed is not counted.
      const segment = new Segment(path, header, Math.floor((fstatSync(fd).size - HEADER_BYTES) / recordBytes(header.dim)));
      for (const row of [0, segment.#count - 1]) {
        const record = row >= 0 ? segment.#read(fd, row) : undefined;
        if (record) segment.#reach(record.startUs, record.endUs);
      }
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
    return Math.max(0, MAX_RECORDS - this.#count);
  }

  /** From the first record's start to the last one's end; windows come in the order of their ends. */
  get span(): { readonly firstUs: number; readonly lastUs: number } {
    return { firstUs: this.#firstUs, lastUs: this.#lastUs };
  }

  get bytes(): number {
    return HEADER_BYTES + this.#count * recordBytes(this.header.dim);
  }

  /** Writes records behind the last whole one. @throws what `fs` throws: the disk is full */
  append(records: readonly { readonly startUs: number; readonly endUs: number; readonly vector: Float32Array }[]): void {
    this.#fd ??= openSync(this.path, 'r+');
    const size = recordBytes(this.header.dim);
    const whole = Buffer.concat(records.map(({ startUs, endUs, vector }) => encodeRecord(startUs, endUs, vector)));
    const at = this.bytes;
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

  /** All rows; one whose sum does not hold counts as all zero. */
  load(): SegmentBlock {
    const { dim } = this.header;
    const count = this.#count;
    const fd = openSync(this.path, 'r');
    try {
      const size = recordBytes(dim);
      const file = Buffer.allocUnsafe(count * size);
      const got = readSync(fd, file, 0, file.length, HEADER_BYTES);
      const block: SegmentBlock = {
        count,
        coarse: new Int8Array(count * dim),
        scales: new Float32Array(count),
        startUs: new Float64Array(count),
        endUs: new Float64Array(count),
        bytes: count * (dim + 20),
      };
      for (let row = 0; (row + 1) * size <= got; row++) {
        const record = decodeRecord(file, row * size, dim);
        if (!record) continue;
        block.coarse.set(record.coarse, row * dim);
        block.scales[row] = record.scale;
        block.startUs[row] = record.startUs;
        block.endUs[row] = record.endUs;
      }
      return block;
    } finally {
      closeSync(fd);
    }
  }

  /** Single rows in full, in the order asked for; those that cannot be read are left out. */
  readRows(rows: readonly number[]): { readonly row: number; readonly record: MemoryRecord }[] {
    const fd = openSync(this.path, 'r');
    try {
      return rows.flatMap((row) => {
        const record = this.#read(fd, row);
        return record ? [{ row, record }] : [];
      });
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

  #read(fd: number, row: number): MemoryRecord | undefined {
    const size = recordBytes(this.header.dim);
    const bytes = Buffer.alloc(size);
    return readSync(fd, bytes, 0, size, HEADER_BYTES + row * size) === size ? decodeRecord(bytes, 0, this.header.dim) : undefined;
  }

  #reach(startUs: number, endUs: number): void {
    this.#firstUs = Math.min(this.#firstUs, startUs);
    this.#lastUs = Math.max(this.#lastUs, endUs);
  }
}

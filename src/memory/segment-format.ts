import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { UsageError } from '../core/errors.ts';
import { modalitySchema } from '../core/modality-schema.ts';
import { quantise, type Quantised } from '../space/search/quantise.ts';

/**
 * A segment of the memory is one file: a header, then records of one length, so that row i is found without an index and a torn
 * last record is seen by its length or its sum.
 *
 * A record's scale is that of its vector times how sure the encoder was: a product with a query is what the query scored.
 *
 * Header: 512 bytes, JSON padded with spaces. Record, little-endian: u32 CRC-32 of the rest, f32 scale, f64 startUs, f64 endUs,
 * coarse bytes, fine bytes (see `Quantised`). A sealed segment (format 2) is never written again: its records lie in clusters, and behind
 * them is a table of these (`segment-table.ts`).
 */
export const HEADER_BYTES = 512;
const FORMAT = 2;
/** What is before a record's coarse bytes; in it the scale. */
export const META_BYTES = 24;
export const SCALE_AT = 4;
/** More rows no sealed segment has. */
const MAX_SEALED = 65_536;
/** No space has longer vectors. */
const MAX_DIM = 8192;

const headerSchema = z.object({
  edgebind: z.literal('memory'),
  format: z.number().int(),
  space: z.string().min(1),
  dim: z.number().int().min(1).max(MAX_DIM),
  source: z.string().min(1),
  modality: modalitySchema,
  /** Of a segment in clusters: how many records, and the time that they span. */
  sealed: z.object({ rows: z.number().int().min(1).max(MAX_SEALED), firstUs: z.number(), lastUs: z.number() }).exactOptional(),
});

/** What all records of a segment share. */
export type SegmentHeader = Omit<z.output<typeof headerSchema>, 'edgebind' | 'format'>;

/** One remembered window. */
export interface MemoryRecord extends Quantised {
  readonly startUs: number;
  readonly endUs: number;
}

export const recordBytes = (dim: number): number => META_BYTES + 2 * dim;

export function encodeHeader(header: SegmentHeader): Buffer {
  const { space, dim, source, modality, sealed } = header;
  const json = JSON.stringify({ edgebind: 'memory', format: sealed ? FORMAT : 1, space, dim, source, modality, sealed });
  if (Buffer.byteLength(json) > HEADER_BYTES) throw new RangeError(`a header of ${Buffer.byteLength(json)} bytes`);
  return Buffer.from(json.padEnd(HEADER_BYTES - (Buffer.byteLength(json) - json.length)));
}

/** @throws UsageError `MEMORY_UNREADABLE`, `MEMORY_NEWER` */
export function decodeHeader(bytes: Buffer, path: string): SegmentHeader {
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8', 0, HEADER_BYTES));
  } catch (cause) {
    throw new UsageError('MEMORY_UNREADABLE', `${path}: is no segment of a memory; move it out of the folder`, { cause });
  }
  const parsed = headerSchema.safeParse(json);
  if (!parsed.success) throw new UsageError('MEMORY_UNREADABLE', `${path}: its header cannot be read: ${z.prettifyError(parsed.error)}`);
  const { edgebind: _, format, ...header } = parsed.data;
  if (format > FORMAT)
    throw new UsageError(
      'MEMORY_NEWER',
      `${path}: was written by a newer EdgeBind (format ${format}, this one reads ${FORMAT}); use that, or move it away`,
    );
  return header;
}

export function encodeRecord(startUs: number, endUs: number, vector: Float32Array, confidence = 1): Buffer {
  const dim = vector.length;
  const bytes = Buffer.alloc(recordBytes(dim));
  const bytesAt = (offset: number): Int8Array => new Int8Array(bytes.buffer, bytes.byteOffset + offset, dim);
  const scale = confidence * quantise(vector, bytesAt(META_BYTES), bytesAt(META_BYTES + dim));
  bytes.writeFloatLE(scale, SCALE_AT);
  bytes.writeDoubleLE(startUs, 8);
  bytes.writeDoubleLE(endUs, 16);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** The record at `offset`, a view of `bytes`; undefined where its sum does not hold. */
export function decodeRecord(bytes: Buffer, offset: number, dim: number): MemoryRecord | undefined {
  const body = bytes.subarray(offset + 4, offset + recordBytes(dim));
  if (body.length < recordBytes(dim) - 4 || crc32(body) !== bytes.readUInt32LE(offset)) return undefined;
  const at = bytes.byteOffset + offset + META_BYTES;
  return {
    scale: bytes.readFloatLE(offset + SCALE_AT),
    startUs: bytes.readDoubleLE(offset + 8),
    endUs: bytes.readDoubleLE(offset + 16),
    coarse: new Int8Array(bytes.buffer, at, dim),
    fine: new Int8Array(bytes.buffer, at + dim, dim),
  };
}

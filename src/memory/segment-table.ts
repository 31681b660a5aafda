import { crc32 } from 'node:zlib';
import type { ClusterTable } from '../space/search/cluster-table.ts';

/**
 * The table behind the records of a sealed segment, little-endian: u32 CRC-32 of the rest, u32 clusters, then for each u32 its first row,
 * f32 scale, f32 least and f32 most cosine, then the centres' bytes.
 */
const HEAD_BYTES = 8;
const ENTRY_BYTES = 16;

export const tableBytes = (clusters: number, dim: number): number => HEAD_BYTES + clusters * (ENTRY_BYTES + dim);

export function encodeTable({ dim, starts, centres, scales, least, most }: ClusterTable): Buffer {
  const clusters = scales.length;
  const bytes = Buffer.alloc(tableBytes(clusters, dim));
  bytes.writeUInt32LE(clusters, 4);
  for (let i = 0; i < clusters; i++) {
    const at = HEAD_BYTES + i * ENTRY_BYTES;
    bytes.writeUInt32LE(starts[i] ?? 0, at);
    for (const [n, value] of [scales[i], least[i], most[i]].entries()) bytes.writeFloatLE(value ?? 0, at + 4 + 4 * n);
  }
  bytes.set(new Uint8Array(centres.buffer, centres.byteOffset, centres.length), HEAD_BYTES + clusters * ENTRY_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)));
  return bytes;
}

/** Undefined where the bytes are no table of so many rows: whoever reads it looks through all rows instead. */
export function decodeTable(bytes: Buffer, rows: number, dim: number): ClusterTable | undefined {
  if (bytes.length < HEAD_BYTES) return undefined;
  const clusters = bytes.readUInt32LE(4);
  if (clusters < 1 || clusters > rows || bytes.length !== tableBytes(clusters, dim)) return undefined;
  if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  const starts = new Uint32Array(clusters + 1);
  const [scales, least, most] = [new Float32Array(clusters), new Float32Array(clusters), new Float32Array(clusters)];
  starts[clusters] = rows;
  for (let i = 0; i < clusters; i++) {
    const at = HEAD_BYTES + i * ENTRY_BYTES;
    starts[i] = bytes.readUInt32LE(at);
    scales[i] = bytes.readFloatLE(at + 4);
    least[i] = bytes.readFloatLE(at + 8);
    most[i] = bytes.readFloatLE(at + 12);
  }
  const isInOrder = starts[0] === 0 && starts.every((start, i) => start >= (starts[i - 1] ?? 0));
  if (!isInOrder || ![...scales, ...least, ...most].every(Number.isFinite)) return undefined;
  const centresAt = bytes.byteOffset + HEAD_BYTES + clusters * ENTRY_BYTES;
  return { dim, starts, scales, least, most, centres: new Int8Array(bytes.buffer.slice(centresAt, centresAt + clusters * dim)) };
}

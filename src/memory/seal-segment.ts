import { closeSync, existsSync, fsyncSync, openSync, readdirSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { clusterRows } from '../space/search/cluster-rows.ts';
import { encodeHeader, HEADER_BYTES, recordBytes } from './segment-format.ts';
import { encodeTable } from './segment-table.ts';
import { Segment } from './segment.ts';

/** Rows that are copied between two yields. */
const SLICE = 512;

/** What a file that is being sealed is called until it is whole. */
const SEALING = '.sealing';

/**
 * Writes a segment anew, its records in clusters with a table behind them, and puts it in the place of the old one at once: whoever is
 * killed on the way keeps the old one. Records whose sum does not hold are left out. In slices, a few milliseconds each.
 *
 * @returns the sealed segment; undefined where nothing in the old one can be read
 * @throws what `fs` throws: the disk is full; the segment is as it was then
 */
export function* sealSegment(segment: Segment): Generator<void, Segment | undefined> {
  const { space, dim, source, modality } = segment.header;
  const block = segment.load();
  const whole = Uint32Array.from([...block.scales.subarray(0, block.count).keys()].filter((row) => block.scales[row] !== 0));
  if (whole.length === 0) return undefined;
  const coarse = new Int8Array(whole.length * dim);
  let [firstUs, lastUs] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const [i, row] of whole.entries()) {
    coarse.set(block.coarse.subarray(row * dim, (row + 1) * dim), i * dim);
    firstUs = Math.min(firstUs, block.startUs[row] ?? 0);
    lastUs = Math.max(lastUs, block.endUs[row] ?? 0);
  }
  yield;
  const { table, order } = yield* clusterRows(coarse, whole.length, dim);

  const path = `${segment.path}${SEALING}`;
  const size = recordBytes(dim);
  const records = Buffer.allocUnsafe(SLICE * size);
  const from = openSync(segment.path, 'r');
  try {
    const to = openSync(path, 'w');
    try {
      writeWhole(to, encodeHeader({ space, dim, source, modality, sealed: { rows: whole.length, firstUs, lastUs } }));
      for (let first = 0; first < order.length; first += SLICE) {
        const slice = order.subarray(first, first + SLICE);
        for (const [i, row] of slice.entries()) readSync(from, records, i * size, size, HEADER_BYTES + (whole[row] ?? 0) * size);
        writeWhole(to, records.subarray(0, slice.length * size));
        yield;
      }
      writeWhole(to, encodeTable(table));
      fsyncSync(to);
    } finally {
      closeSync(to);
    }
    renameSync(path, segment.path);
    segment.close();
    return Segment.open(segment.path);
  } finally {
    closeSync(from);
    rmSync(path, { force: true });
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
}

/** Removes what a killed program left half sealed in the folders of a memory; not while another program seals there. */
export function removeHalfSealed(dir: string): void {
  if (!existsSync(dir)) return;
  for (const entry of readdirSync(dir, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && entry.name.endsWith(`.mem${SEALING}`)) rmSync(join(entry.parentPath, entry.name), { force: true });
}

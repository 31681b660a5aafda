import sharp from 'sharp';
import { dot } from '../../space/vector.ts';

/** Pairs shown at most; of more, evenly chosen ones. */
const MOST = 256;
/** Side of the picture at least, in pixels. */
const SIDE = 512;

/**
 * The matrix of cosines between what the new sensor and what the anchor had of the held-out moments, as a PNG: row i, column j. A
 * bright diagonal says that moments are found again; its brightest is the largest cosine of all, its darkest the smallest.
 */
export function similarityPicture(rows: readonly Float32Array[], columns: readonly Float32Array[]): Promise<Buffer> {
  const n = Math.min(MOST, rows.length);
  const at = (i: number): number => Math.floor((i * rows.length) / n);
  const values = new Float32Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) values[i * n + j] = dot(rows[at(i)] ?? new Float32Array(0), columns[at(j)] ?? new Float32Array(0));
  }
  const least = values.reduce((a, b) => Math.min(a, b), 1);
  const most = values.reduce((a, b) => Math.max(a, b), -1);
  const grey = Uint8Array.from(values, (value) => Math.round((255 * (value - least)) / Math.max(1e-9, most - least)));
  const side = Math.max(1, Math.ceil(SIDE / n)) * n;
  return sharp(grey, { raw: { width: n, height: n, channels: 1 } })
    .resize(side, side, { kernel: 'nearest' })
    .png()
    .toBuffer();
}

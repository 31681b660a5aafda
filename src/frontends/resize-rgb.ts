import type { Geometry } from './geometry.ts';
import { kernel, type Resample } from './kernel.ts';
import { assembled } from './resize-passes.ts';
import { rowsNeeded } from './rows-needed.ts';

/** What `resize-passes.wat` exports. Addresses are bytes of its memory. */
interface Passes {
  readonly memory: WebAssembly.Memory;
  readonly narrow: (
    source: number,
    sourceBytes: number,
    rows: number,
    target: number,
    columns: number,
    starts: number,
    weights: number,
    quads: number,
  ) => void;
  readonly join: (source: number, rowBytes: number, rows: number, target: number, starts: number, weights: number, pairs: number) => void;
  readonly spread: (source: number, pixels: number, tables: number, target: number) => void;
}

const passesModule = new WebAssembly.Module(Buffer.from(assembled, 'base64'));
const PAGE = 65_536;
/** The picture goes through in strips of about so many bytes: they stay in the processor's cache. */
const STRIP = 131_072;
/** Bytes read or written beyond an array's end. */
const BEYOND = 16;
/** More than an ordinary picture needs is given back after it. */
const KEPT = 16 * 2 ** 20;
let kept: Passes | undefined;

/** An 8-bit picture: `height * width * 3` bytes, channels interleaved. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/**
 * Resizes and crops an 8-bit RGB picture, bit for bit as PIL does: first along the rows, then along the columns, each rounded to 8
 * bits. Only what the crop shows is computed.
 *
 * @returns `cropHeight * cropWidth * 3` bytes
 */
export function resizeRgb(picture: Pixels, to: Geometry, resample: Resample): Uint8Array {
  const { passes, at } = resized(picture, to, resample);
  return new Uint8Array(passes.memory.buffer, at, to.cropHeight * to.cropWidth * 3).slice();
}

/**
 * The same as numbers, channel by channel: each byte as its channel's table has it.
 *
 * @param tables 256 numbers for red, for green, for blue
 * @param out is filled: three planes of `cropHeight * cropWidth`
 */
export function resizeToPlanes(picture: Pixels, to: Geometry, resample: Resample, tables: Float32Array, out: Float32Array): void {
  const { passes, at, spare } = resized(picture, to, resample, tables.byteLength + out.byteLength);
  const planes = spare + tables.byteLength;
  new Float32Array(passes.memory.buffer, spare, tables.length).set(tables);
  passes.spread(at, to.cropHeight * to.cropWidth, spare, planes);
  out.set(new Float32Array(passes.memory.buffer, planes, out.length));
}

/** What `resized` left in the memory, until the next picture comes. */
interface Resized {
  readonly passes: Passes;
  /** Where its pixels begin. */
  readonly at: number;
  /** Where the bytes begin that were asked for. */
  readonly spare: number;
}

function resized({ data, width, height }: Pixels, to: Geometry, resample: Resample, spareBytes = 0): Resized {
  const across = kernel(width, to.width, resample, to.left, to.cropWidth);
  const down = kernel(height, to.height, resample, to.top, to.cropHeight);
  const { from, count } = rowsNeeded(down);
  const sourceBytes = width * 3;
  const stripRows = Math.max(1, Math.floor(STRIP / sourceBytes));
  const rowBytes = to.cropWidth * 3;

  const memory = new Layout();
  const columnStarts = memory.place(across.starts.byteLength);
  const columnWeights = memory.place(across.fixed.byteLength);
  const rowStarts = memory.place(down.starts.byteLength);
  const rowWeights = memory.place(down.fixed.byteLength);
  // The taps of weight 0 reach beyond the last pixel and the last row.
  const strip = memory.place(stripRows * sourceBytes + across.pairs * 6);
  const narrow = memory.place((count + down.pairs * 2) * rowBytes);
  const at = memory.place(to.cropHeight * rowBytes);
  const spare = memory.place(spareBytes);

  const passes = passesOf(memory.bytes);
  const { buffer } = passes.memory;
  const bytes = new Uint8Array(buffer);
  new Int32Array(buffer, columnStarts, across.starts.length).set(across.starts.map((start) => start * 3));
  new Int16Array(buffer, columnWeights, across.fixed.length).set(across.fixed);
  new Int32Array(buffer, rowStarts, down.starts.length).set(down.starts.map((start) => (start - from) * rowBytes));
  new Int16Array(buffer, rowWeights, down.fixed.length).set(down.fixed);
  for (let row = 0; row < count; row += stripRows) {
    const rows = Math.min(stripRows, count - row);
    bytes.set(data.subarray((from + row) * sourceBytes, (from + row + rows) * sourceBytes), strip);
    passes.narrow(strip, sourceBytes, rows, narrow + row * rowBytes, to.cropWidth, columnStarts, columnWeights, across.pairs / 2);
  }
  passes.join(narrow, rowBytes, to.cropHeight, at, rowStarts, rowWeights, down.pairs);
  return { passes, at, spare };
}

/** Places arrays one behind the other. */
class Layout {
  bytes = 0;

  /** @returns where it begins: a multiple of 16 */
  place(length: number): number {
    const at = this.bytes;
    this.bytes = Math.ceil((at + length + BEYOND) / 16) * 16;
    return at;
  }
}

function passesOf(bytes: number): Passes {
  const passes = kept ?? (new WebAssembly.Instance(passesModule).exports as unknown as Passes);
  kept = bytes > KEPT ? undefined : passes;
  const missing = bytes - passes.memory.buffer.byteLength;
  if (missing > 0) passes.memory.grow(Math.ceil(missing / PAGE));
  return passes;
}

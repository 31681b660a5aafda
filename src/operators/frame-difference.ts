import type { Payload } from '../core/types.ts';
import { fillGrid, GRID_POINTS, isPlainFrame } from './frame-grid.ts';

/** Difference of temperature that counts as a whole one. */
const WHOLE_CELSIUS = 10;
/** Depths differ by this share, or one of the two has no value. */
const DEPTH_DIFFERS = 0.05;

/**
 * How much a frame differs from a reference, 0 (the same) to 1, on a grid of 32 x 24 points of it; the reference is kept as the grid,
 * not as the frame. Pictures: mean difference of brightness, as a share of white. Heat: mean difference of temperature, 10
 * degrees count as 1. Depth: share of points whose distance changed by more than 5 %, appeared or vanished. Frames of
 * another kind or size than the reference differ by 1; so does a compressed picture (JPEG, PNG) of unknown look unless its bytes are
 * the same.
 */
export class FrameDifference {
  #reference = new Float32Array(GRID_POINTS);
  #frame = new Float32Array(GRID_POINTS);
  #referenceSize = '';
  #bytes: Uint8Array | undefined;

  /** Difference to the reference; 1 where there is none. */
  to(payload: Payload): number {
    if (!isPlainFrame(payload)) return payload.kind === 'encoded' && this.#bytes && sameBytes(this.#bytes, payload.bytes) ? 0 : 1;
    if (sizeOf(payload) !== this.#referenceSize) return 1;
    fillGrid(payload, this.#frame);
    return gridDifference(payload.kind, this.#reference, this.#frame);
  }

  /** Makes a frame the reference. */
  keep(payload: Payload): void {
    this.#bytes = payload.kind === 'encoded' && !payload.look ? payload.bytes : undefined;
    this.#referenceSize = sizeOf(payload);
    if (isPlainFrame(payload)) fillGrid(payload, this.#reference);
  }
}

function sizeOf(payload: Payload): string {
  if (!isPlainFrame(payload)) return '';
  const { width, height } = payload.kind === 'encoded' ? payload.look : payload;
  return `${payload.kind} ${width}x${height}`;
}

function gridDifference(kind: Payload['kind'], a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const [left, right] = [a[i] ?? 0, b[i] ?? 0];
    const difference = Math.abs(left - right);
    if (kind === 'depth') sum += difference > DEPTH_DIFFERS * Math.min(left, right) ? 1 : 0;
    else sum += kind === 'thermal' ? difference / WHOLE_CELSIUS : difference;
  }
  return Math.min(1, sum / a.length);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

import type { ArrayReading, EncodedPicture, Payload, PictureLook, RgbPicture } from '../core/types.ts';

const COLUMNS = 32;
const ROWS = 24;
/** Rec. 601 luma. */
const [RED, GREEN, BLUE] = [0.299, 0.587, 0.114];

/** Points of a frame's grid. */
export const GRID_POINTS: number = COLUMNS * ROWS;

/** A picture whose pixels are elsewhere. */
type LookedAt = EncodedPicture & { readonly look: PictureLook };

/** A frame whose values can be read as they are, and whose units are known. */
export type PlainFrame = Exclude<Extract<Payload, { readonly width: number }>, ArrayReading> | LookedAt;

export const isPlainFrame = (payload: Payload): payload is PlainFrame =>
  payload.kind === 'encoded' ? payload.look !== undefined : 'width' in payload && payload.kind !== 'array';

/** A decoded picture without its pixels: operators see no difference. */
export function lookOf(picture: RgbPicture): PictureLook {
  const brightness = new Float32Array(GRID_POINTS);
  fillGrid(picture, brightness);
  return { width: picture.width, height: picture.height, brightness };
}

/**
 * Fills a grid of 32 x 24 with the values at the middle of its cells: brightness 0..1, degrees Celsius, or millimetres. It costs
 * the same for any size of frame.
 */
export function fillGrid(frame: PlainFrame, grid: Float32Array): void {
  if (frame.kind === 'encoded') {
    grid.set(frame.look.brightness);
    return;
  }
  const { width, height } = frame;
  for (let row = 0; row < ROWS; row++) {
    const y = Math.floor(((row + 0.5) * height) / ROWS);
    for (let column = 0; column < COLUMNS; column++) {
      grid[row * COLUMNS + column] = valueAt(frame, y * width + Math.floor(((column + 0.5) * width) / COLUMNS));
    }
  }
}

function valueAt(frame: Exclude<PlainFrame, EncodedPicture>, at: number): number {
  if (frame.kind === 'thermal') return frame.celsius[at] ?? 0;
  if (frame.kind === 'depth') return frame.mm[at] ?? 0;
  const { data } = frame;
  return (RED * (data[at * 3] ?? 0) + GREEN * (data[at * 3 + 1] ?? 0) + BLUE * (data[at * 3 + 2] ?? 0)) / 255;
}

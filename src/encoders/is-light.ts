import type { ArrayReading, Clip, Depth, Picture, Thermal } from '../core/types.ts';
import { jpegHead } from '../frontends/jpeg-head.ts';

/** A JPEG of so many pixels is decoded and resized within some 4 ms on a PC, 15 ms on a Raspberry Pi. */
const MOST_PIXELS = 500_000;

/**
 * Whether a picture is prepared so quickly that the thread that runs its graph may do it too, where it has nothing else to do: a trip
 * to another thread and back costs less than a millisecond when all is well, and several when the cores are busy. What only a decoder
 * could tell counts as heavy.
 */
export function isLight(picture: Picture | Clip | Thermal | Depth | ArrayReading): boolean {
  if (picture.kind === 'clip') return false;
  if (picture.kind === 'array') return picture.values.length <= MOST_PIXELS;
  if (picture.kind !== 'encoded') return picture.width * picture.height <= MOST_PIXELS;
  const head = jpegHead(picture.bytes);
  return head !== undefined && head.width * head.height <= MOST_PIXELS;
}

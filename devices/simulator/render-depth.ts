import type { Depth } from '../../src/core/types.ts';
import { gauss } from './random.ts';
import { happeningAt, roundSeconds, type Scene } from './scene.ts';

export const DEPTH_WIDTH = 160;
export const DEPTH_HEIGHT = 120;

/** The furniture: left, top, right, bottom in pixels, and its distance. Later ones stand in front. */
const FURNITURE = [
  [0, 0, 66, 35, 2250],
  [127, 0, 160, 35, 2250],
  [65, 0, 127, 25, 2100],
  [0, 74, 160, 120, 2000],
  [59, 72, 134, 120, 1960],
  [103, 62, 126, 72, 2150],
] as const;

/**
 * What the depth camera sees at picture number `index`: millimetres, 160 x 120, 0 where nothing came back. A wall at 2.6 m with the
 * kitchen in front; who walks by is 1.3 m away; flames give no echo. Noise grows with the square of the distance.
 */
export function renderDepth(scene: Scene, index: number): Depth {
  const seconds = index / scene.rates.depth;
  const picture = Math.round(roundSeconds(scene, seconds) * scene.rates.depth);
  const mm = new Uint16Array(DEPTH_WIDTH * DEPTH_HEIGHT).fill(2600);
  const paint = (left: number, top: number, right: number, bottom: number, distance: number): void => {
    for (let row = Math.max(0, Math.round(top)); row < Math.min(DEPTH_HEIGHT, bottom); row++) {
      for (let column = Math.max(0, Math.round(left)); column < Math.min(DEPTH_WIDTH, right); column++)
        mm[row * DEPTH_WIDTH + column] = distance;
    }
  };
  for (const [left, top, right, bottom, distance] of FURNITURE) paint(left, top, right, bottom, distance);
  const happening = happeningAt(scene, seconds);
  if (happening?.event.kind === 'walking') {
    const x = -20 + 200 * happening.share;
    paint(x - 7, 14, x + 7, 32, 1280);
    paint(x - 15, 34, x + 15, 120, 1300);
  } else if (happening?.event.kind === 'fire') paint(78, 30, 116, 72, 0);
  else if (happening?.event.kind === 'cat') {
    paint(46, 22, 82, 56, 1700);
    paint(40, 56, 90, 108, 1720);
  }
  for (let i = 0; i < mm.length; i++) {
    const distance = mm[i] ?? 0;
    if (distance > 0) mm[i] = distance + Math.round(2.5e-6 * distance * distance * gauss(scene.seed + 61, picture * mm.length + i));
  }
  return { kind: 'depth', width: DEPTH_WIDTH, height: DEPTH_HEIGHT, mm };
}

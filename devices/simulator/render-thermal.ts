import type { Thermal } from '../../src/core/types.ts';
import { gauss, noise } from './random.ts';
import { daylight, happeningAt, roundSeconds, type Scene } from './scene.ts';

export const THERMAL_WIDTH = 32;
export const THERMAL_HEIGHT = 24;

/** The sensor (MLX90640) says nothing hotter than this, and hundredths of a degree in 16 bits end at 327.67. */
const HOTTEST_C = 300;

/** Adds a round warm spot: `celsius` above its surroundings in the middle, gone within a few radii. */
function addSpot(celsius: Float32Array, x: number, y: number, radiusX: number, radiusY: number, heat: number): void {
  for (let row = 0; row < THERMAL_HEIGHT; row++) {
    for (let column = 0; column < THERMAL_WIDTH; column++) {
      const square = ((column - x) / radiusX) ** 2 + ((row - y) / radiusY) ** 2;
      if (square < 9) celsius[row * THERMAL_WIDTH + column] = (celsius[row * THERMAL_WIDTH + column] ?? 0) + heat * Math.exp(-square);
    }
  }
}

/** Five narrow tongues above the pan that lick to and fro, hottest at their roots, in a wide glow. `size` 0..1. */
function addFlames(celsius: Float32Array, key: number, size: number): void {
  for (let tongue = 0; tongue < 5; tongue++) {
    const tall = size * 12 * (1 - Math.abs(0.4 - 0.2 * tongue)) * (1 + 0.25 * noise(key, tongue));
    for (let part = 0; part < 7; part++) {
      const up = part / 6;
      const radius = 0.6 + 0.25 * up;
      addSpot(celsius, 19 + 2.8 * up * noise(key, 10 + 7 * tongue + part), 16 - tall * up, radius, 1.6 * radius, size * (132 - 71 * up));
    }
  }
  addSpot(celsius, 19, 11, 6.6, 6.6, 8.5 * size);
}

/**
 * What the thermal camera sees at picture number `index`: degrees Celsius, 32 x 24, about 21 C at the walls, a warm oven, noise of
 * 0.1 C; a person is some 10 C warmer than the wall, flames reach some hundreds.
 */
export function renderThermal(scene: Scene, index: number): Thermal {
  const seconds = index / scene.rates.thermal;
  const picture = Math.round(roundSeconds(scene, seconds) * scene.rates.thermal);
  const celsius = new Float32Array(THERMAL_WIDTH * THERMAL_HEIGHT);
  const day = daylight(scene, seconds);
  for (let i = 0; i < celsius.length; i++) {
    const row = Math.floor(i / THERMAL_WIDTH);
    celsius[i] = 18.5 + 3 * day - 0.05 * row + 0.1 * gauss(scene.seed + 41, i + celsius.length * picture);
  }
  addSpot(celsius, 19, 19, 6, 4, 3);
  addSpot(celsius, 4, 12, 2, 3, 1.2);
  const happening = happeningAt(scene, seconds);
  if (happening?.event.kind === 'walking') {
    const x = -4 + 40 * happening.share;
    addSpot(celsius, x, 5, 1.7, 2.2, 12);
    addSpot(celsius, x, 13, 3, 7, 8.5);
  } else if (happening?.event.kind === 'fire') {
    const { elapsed, event } = happening;
    addFlames(celsius, scene.seed + 64 * (picture + 1), Math.min(1, 0.15 + elapsed / 2, (event.durationSeconds - elapsed) / 1.5));
  } else if (happening?.event.kind === 'cat') {
    addSpot(celsius, 13, 7, 2.6, 2.4, 9);
    addSpot(celsius, 13, 13, 3.8, 4.5, 6.5);
  }
  for (let i = 0; i < celsius.length; i++) celsius[i] = Math.min(HOTTEST_C, celsius[i] ?? 0);
  return { kind: 'thermal', width: THERMAL_WIDTH, height: THERMAL_HEIGHT, celsius };
}

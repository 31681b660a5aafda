import type { Thermal } from '../../src/core/types.ts';
import { gauss, wander } from './random.ts';
import { daylight, happeningAt, roundSeconds, type Scene } from './scene.ts';

export const THERMAL_WIDTH = 32;
export const THERMAL_HEIGHT = 24;

/** Adds a round warm spot: `celsius` above its surroundings in the middle, gone within a few radii. */
function addSpot(celsius: Float32Array, x: number, y: number, radiusX: number, radiusY: number, heat: number): void {
  for (let row = 0; row < THERMAL_HEIGHT; row++) {
    for (let column = 0; column < THERMAL_WIDTH; column++) {
      const square = ((column - x) / radiusX) ** 2 + ((row - y) / radiusY) ** 2;
      if (square < 9) celsius[row * THERMAL_WIDTH + column] = (celsius[row * THERMAL_WIDTH + column] ?? 0) + heat * Math.exp(-square);
    }
  }
}

/**
 * What the thermal camera sees at picture number `index`: degrees Celsius, 32 x 24, about 21 C at the walls, a warm oven, noise of
 * 0.1 C; a person is some 10 C warmer than the wall, burning oil reaches 300 C.
 */
export function renderThermal(scene: Scene, index: number): Thermal {
  const seconds = index / scene.rates.thermal;
  const now = roundSeconds(scene, seconds);
  const celsius = new Float32Array(THERMAL_WIDTH * THERMAL_HEIGHT);
  const day = daylight(scene, seconds);
  for (let i = 0; i < celsius.length; i++) {
    const row = Math.floor(i / THERMAL_WIDTH);
    celsius[i] = 18.5 + 3 * day - 0.05 * row + 0.1 * gauss(scene.seed + 41, i + celsius.length * Math.round(now * scene.rates.thermal));
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
    const size = Math.min(1, 0.15 + elapsed / 2, (event.durationSeconds - elapsed) / 1.5);
    for (const tongue of [0, 1, 2, 3]) {
      const x = 19 + 4.2 * wander(scene.seed + 50 + tongue, elapsed * 3);
      addSpot(celsius, x, 13 - 7 * size * ((tongue + 1) / 4), 3.4 * size, (5 - tongue * 0.6) * size, (190 - 30 * tongue) * size);
    }
  }
  return { kind: 'thermal', width: THERMAL_WIDTH, height: THERMAL_HEIGHT, celsius };
}

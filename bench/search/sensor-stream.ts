import { seeded } from '../../src/space/bind/seeded.ts';
import { normalise } from '../../src/space/vector.ts';

export interface SensorStream {
  /** The next window's unit vector. */
  next(): Float32Array;
  /** What one asks for: by turns something that was seen, something like it, and words. */
  query(): Float32Array;
}

/** Directions in which what one sense says differs: far fewer than numbers in a vector. */
const RANK = 64;
const SCENES = 40;
const EVENTS = 2000;

/**
 * Vectors as encoders make them of a sensor that stays where it is: one of 40 scenes for up to some minutes, in which hardly anything
 * changes, slowly drifting (light, heat); in between for some seconds one of 2,000 kinds of events, never twice the same. All share a part,
 * as those of one sense do; words lie elsewhere, and are little like any of them. `noise`: no vector is like another.
 */
export function sensorStream(dim: number, seed: number, kind: 'stream' | 'noise' = 'stream'): SensorStream {
  const random = seeded(seed);
  const spread = (): number => random() + random() + random() - 1.5;
  const any = (size = 1): Float32Array => normalise(Float32Array.from({ length: dim }, spread)).map((value) => value * size);
  if (kind === 'noise') return { next: any, query: any };

  const sum = (...parts: readonly Float32Array[]): Float32Array =>
    normalise(Float32Array.from({ length: dim }, (_, i) => parts.reduce((all, part) => all + (part[i] ?? 0), 0)));
  const directions = Array.from({ length: RANK }, () => any());
  const inSense = (): Float32Array => sum(...directions.map((direction) => scaled(direction, spread())));
  const sense = any(0.7);
  const scenes = Array.from({ length: SCENES }, inSense);
  const events = Array.from({ length: EVENTS }, inSense);
  const drift = new Float32Array(dim);
  const pick = (of: readonly Float32Array[]): Float32Array => of[Math.floor(random() * of.length)] ?? drift;

  let base = pick(scenes);
  let isEvent = false;
  let left = 100;
  const next = (): Float32Array => {
    if (left-- <= 0) {
      isEvent = !isEvent;
      left = isEvent ? 1 + Math.floor(random() * 10) : 20 + Math.floor(random() * 400);
      base = isEvent ? sum(pick(events), any(0.4)) : pick(scenes);
    }
    for (let i = 0; i < dim; i++) drift[i] = 0.9995 * (drift[i] ?? 0) + 0.0002 * spread();
    return sum(sense, base, drift, any(isEvent ? 0.25 : 0.1));
  };
  let turn = 0;
  const query = (): Float32Array => {
    const what = turn % 2 === 0 ? pick(events) : pick(scenes);
    switch (turn++ % 3) {
      case 0:
        return sum(sense, what, any(0.3));
      case 1:
        return sum(sense, what, scaled(inSense(), 0.6));
      default:
        return sum(scaled(what, 0.3), any());
    }
  };
  return { next, query };
}

const scaled = (vector: Float32Array, by: number): Float32Array => vector.map((value) => value * by);

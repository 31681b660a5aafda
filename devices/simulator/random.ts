/**
 * A uniform number 0..1 (1 excluded) that depends on nothing but the two keys: noise with random access, so that any piece of a
 * scene can be made without what came before it. The mixer is the finaliser of MurmurHash3.
 */
export function uniform(seed: number, index: number): number {
  let h = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 4294967296;
}

/** Uniform -1..1. */
export const noise = (seed: number, index: number): number => 2 * uniform(seed, index) - 1;

/** Nearly normal with deviation 1: the sum of four uniform numbers, so it never leaves -3.5..3.5. */
export function gauss(seed: number, index: number): number {
  const sum = uniform(seed, 4 * index) + uniform(seed, 4 * index + 1) + uniform(seed, 4 * index + 2) + uniform(seed, 4 * index + 3);
  return (sum - 2) * Math.sqrt(3);
}

/** Noise that moves smoothly with `x`: one new value at each integer, eased between them. -1..1. */
export function wander(seed: number, x: number): number {
  const cell = Math.floor(x);
  const t = x - cell;
  const eased = t * t * (3 - 2 * t);
  return noise(seed, cell) * (1 - eased) + noise(seed, cell + 1) * eased;
}

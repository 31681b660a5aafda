/** Steps per second of the person who walks; the arm swings once in two steps. */
export const STEP_HZ = 2;

/** When the feet touch the floor, seconds from the beginning of a walk of that length. */
export function stepMoments(seconds: number): number[] {
  const moments: number[] = [];
  for (let step = 0; (step + 0.5) / STEP_HZ < seconds - 0.2; step++) moments.push((step + 0.5) / STEP_HZ);
  return moments;
}

/** How far from 1 the length of a vector may be: float16 providers round by about 5e-4. */
const UNIT_TOLERANCE = 2e-3;

/** Why a vector is no unit vector: `notFinite` for NaN or infinity inside, `notUnit` for another length than 1; else undefined. */
export function vectorFault(vector: Float32Array): 'notFinite' | 'notUnit' | undefined {
  let sum = 0;
  for (const value of vector) sum += value * value;
  if (!Number.isFinite(sum)) return 'notFinite';
  return Math.abs(Math.sqrt(sum) - 1) > UNIT_TOLERANCE ? 'notUnit' : undefined;
}

/** Why an answer that is no vector, but tokens, cannot be used: `notFinite` for NaN or infinity inside. */
export const numberFault = (answer: Float32Array): 'notFinite' | undefined => (answer.every(Number.isFinite) ? undefined : 'notFinite');

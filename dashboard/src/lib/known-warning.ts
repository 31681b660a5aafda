import type { KnownWord } from '../data/api.ts';
import { senseName } from './words.ts';

/** What to say where a prompt lies outside what senses were taught; undefined where it does not, or where that is not known. */
export function knownWarning(prompt: string, senses: readonly KnownWord[]): string | undefined {
  const far = senses.filter(({ isFar }) => isFar);
  const [nearest] = senses.toSorted((a, b) => a.distance - b.distance);
  if (!nearest || far.length === 0) return undefined;
  if (far.length === senses.length)
    return `“${prompt}” is far from everything that this space was taught: nearest is “${nearest.nearest}” (${senseName(nearest.modality)}, ${nearest.distance.toFixed(2)} away). Its scores mean little.`;
  const named = far.map(({ modality, nearest: near }) => `${senseName(modality)} (nearest: “${near}”)`).join(', ');
  return `Nothing like “${prompt}” was taught to ${named}: what they score means little.`;
}

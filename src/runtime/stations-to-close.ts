import type { Bundle } from '../encoders/bundle.ts';
import type { Config } from './config.ts';
import { audioRateHz } from './senses.ts';
import type { Station } from './station.ts';

interface Before {
  readonly config: Config;
  readonly bundle: Bundle;
}

/**
 * Sources that cannot go on under another config or another bundle: those that are gone or edited, and microphones where the new
 * bundle wants sound at another rate, because it is resampled at capture.
 */
export function stationsToClose(stations: Iterable<Station>, before: Before, next: Before): Station[] {
  const asText = ({ config }: Before, id: string): string => JSON.stringify(config.sources.find((source) => source.id === id));
  const isOtherRate = audioRateHz(next.bundle) !== audioRateHz(before.bundle);
  return [...stations].filter(({ id, modality }) => asText(next, id) !== asText(before, id) || (isOtherRate && modality === 'audio'));
}

import type { Trial } from '../data/api.ts';
import { duration } from './format.ts';

/** What a rule would have done on the past, in a sentence. */
export function trialWords(prompt: string, trials: readonly Trial[]): string {
  const known = trials.filter(({ threshold }) => threshold !== undefined);
  if (known.length === 0)
    return `Too little is remembered yet to say how often “${prompt}” would have been raised: ten minutes are needed.`;
  const alarms = known.reduce((sum, one) => sum + one.alarms, 0);
  const longestMs = Math.max(...known.map(({ fromUs, toUs }) => (toUs - fromUs) / 1000));
  const which = known.filter((one) => one.alarms > 0).map((one) => `${one.source} ${one.alarms}`);
  const times = alarms === 0 ? 'not once' : alarms === 1 ? 'once' : `${alarms} times`;
  const where = which.length > 0 ? ` (${which.join(', ')})` : '';
  return `“${prompt}” would have been raised ${times}${where} in what is remembered of the last ${duration(longestMs)}.`;
}

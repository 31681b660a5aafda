import { expect, it } from 'vitest';
import { trialWords } from './trial-words.ts';

const trial = (source: string, alarms: number, threshold: number | undefined) => ({
  source,
  alarms,
  fromUs: 0,
  toUs: 3_600e6,
  ...(threshold !== undefined && { threshold }),
});

it('says how often and where a rule would have been raised, and when too little is known', () => {
  expect(trialWords('fire', [trial('front', 2, 0.3), trial('mic', 1, 0.2), trial('wrist', 0, 0.1)])).toMatch(
    /“fire” would have been raised 3 times \(front 2, mic 1\) in what is remembered of the last /,
  );
  expect(trialWords('fire', [trial('front', 0, 0.3)])).toContain('not once in');
  expect(trialWords('fire', [trial('front', 1, 0.3)])).toContain('once (front 1)');
  expect(trialWords('fire', [trial('front', 0, undefined)])).toContain('Too little is remembered');
  expect(trialWords('fire', [])).toContain('Too little is remembered');
});

import { expect, it } from 'vitest';
import { RecordedPace } from './recorded-pace.ts';

it('a recording keeps its distances, waits 5 s at most, and goes on after its end when it begins again', () => {
  const pace = new RecordedPace(1_000_000_000);
  const place = (atUs: number): number => atUs + pace.shiftUs(atUs);
  const round = (): number[] => {
    pace.begin();
    return [50, 1_000_050, 3_600_000_000, 3_600_000_700].map(place);
  };
  expect(round()).toEqual([1_000_000_000, 1_001_000_000, 1_006_000_000, 1_006_000_700]);
  expect(round()).toEqual([1_006_100_700, 1_007_100_700, 1_012_100_700, 1_012_101_400]);
});

/** The simulator's day and night, through the real picture encoder and the rules. */
import { expect, it } from 'vitest';
import { driftDays } from '../bench/drift-days.ts';

it('a simulated day and night give no flood of alarms at dusk or dawn, though what the camera sees changes with the light', async () => {
  // A picture every six minutes: the light changes faster from one to the next than a camera would ever see it. Two days: the first night
  // is still being learnt.
  const { raised, scores, secondsOf, isEvent } = await driftDays({
    prompts: ['fire', 'a dark room at night', 'a bright sunny kitchen'],
    falseAlarmsPerDay: 2,
    days: 2,
    stepS: 360,
  });
  // The light is in the scores: without following it, one side of dusk would be an alarm.
  for (const one of scores) {
    const sorted = one.map(({ score }) => score).sort((a, b) => a - b);
    expect((sorted.at(-1) ?? 0) - (sorted[0] ?? 0)).toBeGreaterThan(0.03);
  }
  // Asked were two a day for each of three rules: twelve.
  expect(raised.filter((alert) => !isEvent(alert)).length).toBeLessThanOrEqual(6);
  // The fires are found, by day and by night.
  const fires = raised.filter((alert) => alert.rule === 'r0' && isEvent(alert));
  expect(new Set(fires.map((alert) => Math.round(secondsOf(alert) / 7200))).size).toBeGreaterThanOrEqual(3);
});

import { z } from 'zod';
import { HISTOGRAM_FROM, HISTOGRAM_STEP, type Background } from '../space/background.ts';

const rate = z.object({ low: z.number(), expected: z.number(), high: z.number() });
const tail = z.object({
  from: z.number(),
  perDay: z.number(),
  peaks: z.number(),
  events: z.number(),
  until: z.number().default(0),
  shapes: z.array(z.object({ weight: z.number(), shape: z.number(), scale: z.number() })),
});

/** What a rule knows of a source, for people and pictures. */
export const toldBackgroundSchema = z.object({
  rule: z.string(),
  source: z.string(),
  /** False alarms a day that the rule allows. */
  asked: z.number().exactOptional(),
  watchedMinutes: z.number(),
  peaks: z.number(),
  peaksNeeded: z.number(),
  level: z.number(),
  spread: z.number(),
  threshold: z.number().exactOptional(),
  expectedPerDay: rate.exactOptional(),
  events: z.number(),
  changes: z.number(),
  histogram: z.object({ fromSpreads: z.number(), stepSpreads: z.number(), counts: z.array(z.number()) }),
  /** The highest single peaks, in spreads above the level, ascending: what the tail was fitted to. */
  highest: z.array(z.number()).default([]),
  tail: tail.exactOptional(),
});
export type ToldBackground = z.output<typeof toldBackgroundSchema>;

export function toldBackground(rule: string, source: string, asked: number | undefined, background: Background): ToldBackground {
  const fitted = background.tail;
  return {
    rule,
    source,
    ...(asked !== undefined && { asked }),
    ...background.report(),
    histogram: { fromSpreads: HISTOGRAM_FROM, stepSpreads: HISTOGRAM_STEP, counts: [...background.histogram] },
    highest: [...background.highest],
    ...(fitted && { tail: { ...fitted, shapes: [...fitted.shapes] } }),
  };
}

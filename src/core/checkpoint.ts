import { z } from 'zod';

/** How high a raised alert went, and when. */
const peakSchema = z.object({ rule: z.string(), key: z.string(), peak: z.number(), peakUs: z.number() });
/** When a rule was last up on a source. */
const upSchema = z.object({ rule: z.string(), source: z.string(), upUs: z.number() });

export const standingSchema = z.object({ peaks: z.array(peakSchema), ups: z.array(upSchema) });
/** What of the rules' state is neither learnt nor in the alert log. */
export type Standing = z.output<typeof standingSchema>;

/** All that rules know at a moment at which no alert is on its way: whoever takes it back decides the same from there on. */
export interface Checkpoint {
  /** What backgrounds and memories have learnt, as a file of theirs. */
  readonly base: Uint8Array;
  /** Backgrounds and memories for which there was no room. */
  readonly leftOut: number;
  readonly standing: Standing;
}

import { z } from 'zod';
import { querySchema } from './query.ts';
import { quietHoursSchema } from './quiet-hours.ts';

/** An id that is safe in URLs, file names and MQTT topics. */
export const idSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'an id is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit');

const withinMs = z.number().int().min(0).max(600_000);

const ruleFields = {
  query: querySchema,
  on: z
    .array(z.string().min(1))
    .min(1)
    .default(['image', 'audio', 'thermal', 'depth', 'imu'])
    .describe('modalities or ids of sources; disagreement listens to its own two'),
  falseAlarmsPerDay: z
    .number()
    .min(0.01)
    .max(1000)
    .optional()
    .describe('the alert is raised above what the background of each source reaches so often'),
  threshold: z
    .number()
    .min(-1)
    .max(1)
    .optional()
    .describe('cosine at or above which the alert is raised; with falseAlarmsPerDay: until the background is known'),
  clearBelow: z.number().min(-1).max(1).optional().describe('cosine below which it is cleared; default: threshold - 0.03'),
  holdMs: z.number().int().min(0).max(3_600_000).default(0).describe('how long the score must stay up before the alert is raised'),
  cooldownMs: z.number().int().min(0).max(86_400_000).default(10_000).describe('after a clear, no new raise for so long'),
  atLeast: z
    .strictObject({ sources: z.number().int().min(2).max(64), withinMs })
    .optional()
    .describe('one alert, when so many of its sources are up within that time'),
  after: z.strictObject({ rule: idSchema, withinMs }).optional().describe('only where that rule was up so shortly before'),
  quietHours: quietHoursSchema.optional().describe('no new alerts in these hours; the background is still watched'),
  silent: z.boolean().optional().describe('true: raises nothing itself; other rules may come after it'),
};

interface Terms {
  readonly threshold?: number | undefined;
  readonly clearBelow?: number | undefined;
  readonly falseAlarmsPerDay?: number | undefined;
  readonly id?: string | undefined;
  readonly after?: { readonly rule: string } | undefined;
}

const message = (text: string, field: string): { message: string; path: string[] } => ({ message: text, path: [field] });
const checked = <S extends z.ZodType<Terms>>(schema: S): S =>
  schema
    .refine(
      ({ threshold, falseAlarmsPerDay }) => threshold !== undefined || falseAlarmsPerDay !== undefined,
      message(
        'give falseAlarmsPerDay, e.g. 2, or threshold, e.g. 0.35 (or both: the threshold counts until the background is known)',
        'threshold',
      ),
    )
    .refine(
      ({ threshold, clearBelow }) => clearBelow === undefined || threshold !== undefined,
      message('clearBelow goes with threshold; with falseAlarmsPerDay alone it follows from the background: take it out', 'clearBelow'),
    )
    .refine(
      ({ threshold, clearBelow }) => clearBelow === undefined || threshold === undefined || clearBelow <= threshold,
      message('clearBelow must not be above threshold: the alert would clear while it is raised', 'clearBelow'),
    )
    .refine(({ id, after }) => after === undefined || after.rule !== id, message('a rule cannot come after itself', 'after'));

/** One entry of `alerts:`. */
export const ruleSchema = checked(z.strictObject({ id: idSchema, ...ruleFields }));
/** The body of `PUT /api/v1/rules/ID`. */
export const ruleBodySchema = checked(z.strictObject({ id: idSchema.optional(), ...ruleFields }));

export type Rule = z.output<typeof ruleSchema>;

/** How far below the threshold an alert clears where the rule does not say. */
const DEFAULT_HYSTERESIS = 0.03;

/** Where a fixed threshold clears. */
export const clearBelow = (threshold: number, rule: Pick<Rule, 'clearBelow'>): number => rule.clearBelow ?? threshold - DEFAULT_HYSTERESIS;

import { ruleSchema, type Rule } from '../../alerts/rule.ts';
import { UsageError } from '../../core/errors.ts';
import type { RecordedRule } from '../../recording/recorded-event.ts';

/**
 * Recorded rules as this version has them.
 *
 * @param instead what to do where one does not fit, for the message
 * @throws UsageError `RECORDING_CONFIG`
 */
export function parseRules(
  rules: readonly RecordedRule[],
  instead = 'replay with --config FILE',
): (RecordedRule & { readonly rule: Rule })[] {
  return rules.map(({ rule, ...others }) => {
    const parsed = ruleSchema.safeParse(rule);
    if (!parsed.success)
      throw new UsageError('RECORDING_CONFIG', `a recorded rule does not fit this version (${parsed.error.message}); ${instead}`);
    return { ...others, rule: parsed.data };
  });
}

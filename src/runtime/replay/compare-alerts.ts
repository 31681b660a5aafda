import { z } from 'zod';

const fieldsSchema = z.record(z.string(), z.unknown());

/**
 * The first difference between two lists of alerts, one line of JSON each, in words; undefined where they are the same to the byte.
 */
export function compareAlerts(expected: readonly string[], got: readonly string[]): string | undefined {
  const at = expected.findIndex((line, i) => line !== got[i]);
  const first = at >= 0 ? at : expected.length;
  if (first === expected.length && got.length === expected.length) return undefined;
  const lines = [
    `alerts differ: ${expected.length} expected, ${got.length} came; the first difference is number ${first + 1}`,
    `  expected: ${words(expected[first])}`,
    `  came:     ${words(got[first])}`,
  ];
  const [before, after] = [fieldsOf(expected[first]), fieldsOf(got[first])];
  if (before && after)
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      if (JSON.stringify(before[key]) !== JSON.stringify(after[key]))
        lines.push(`  ${key}: ${said(before[key])} expected, ${said(after[key])} came`);
  return lines.join('\n');
}

const said = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));

function words(line: string | undefined): string {
  if (line === undefined) return 'nothing';
  const alert = fieldsOf(line);
  if (!alert) return line;
  const { rule, state, source, score, endUs } = alert;
  return `${String(rule)} ${String(state)} on ${String(source)} at ${String(endUs)} with score ${String(score)}`;
}

function fieldsOf(line: string | undefined): Record<string, unknown> | undefined {
  try {
    return fieldsSchema.safeParse(JSON.parse(line ?? '')).data;
  } catch {
    return undefined;
  }
}

import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { backgroundSvg } from './background-svg.ts';

interface CalibrateOptions {
  readonly rule?: string;
  readonly url: string;
  readonly token?: string;
  readonly svg?: string;
  readonly json?: true;
}

const rate = z.object({ low: z.number(), expected: z.number(), high: z.number() });
const backgroundSchema = z.object({
  rule: z.string(),
  source: z.string(),
  watchedMinutes: z.number(),
  peaks: z.number(),
  peaksNeeded: z.number(),
  level: z.number(),
  spread: z.number(),
  threshold: z.number().optional(),
  expectedPerDay: rate.optional(),
  events: z.number(),
  changes: z.number(),
  histogram: z.object({ fromSpreads: z.number(), stepSpreads: z.number(), counts: z.array(z.number()) }),
});
/** A background as the server tells it. */
export type ToldBackground = z.output<typeof backgroundSchema>;

const listSchema = z.object({ calibrations: z.array(z.object({ rule: z.string(), source: z.string() })) });

/** `edgebind calibrate`. */
export function registerCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description('what a running EdgeBind has learnt of its backgrounds: scores, thresholds, expected false alarms a day')
    .option('--rule <id>', 'only this rule')
    .option('--url <url>', 'address of the running EdgeBind', 'http://127.0.0.1:7400')
    .option('--token <token>', 'its token; default: EDGEBIND_TOKEN')
    .option('--svg <file>', 'draws histogram, threshold and expectation of each background')
    .option('--json', 'one JSON object')
    .addHelpText('after', '\nExample:\n  edgebind calibrate --rule glass --svg glass.svg\n')
    .action(calibrate);
}

async function calibrate({ rule, url, token = process.env['EDGEBIND_TOKEN'], svg, json }: CalibrateOptions): Promise<void> {
  const get = async (path: string): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), { headers: token ? { authorization: `Bearer ${token}` } : {} });
    } catch (error) {
      throw new EdgeBindError(
        'NOT_REACHED',
        `${url}: no EdgeBind answers (${messageOf(error)}); start one with edgebind run, or give --url`,
        {
          cause: error,
        },
      );
    }
    if (!response.ok)
      throw new EdgeBindError('REFUSED', `${url}${path}: answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
    return response.json();
  };
  const { calibrations } = listSchema.parse(await get('/api/v1/calibrations'));
  const wanted = calibrations.filter((one) => rule === undefined || one.rule === rule);
  if (wanted.length === 0) {
    const known = [...new Set(calibrations.map((one) => one.rule))].join(', ');
    throw new UsageError(
      'UNKNOWN_RULE',
      `${rule === undefined ? 'no rule' : `the rule "${rule}"`} has scored anything yet; known: ${known || 'none'}`,
    );
  }
  const backgrounds: ToldBackground[] = [];
  for (const one of wanted)
    backgrounds.push(
      backgroundSchema.parse(await get(`/api/v1/rules/${encodeURIComponent(one.rule)}/background/${encodeURIComponent(one.source)}`)),
    );
  if (svg !== undefined) writeFileSync(svg, backgroundSvg(backgrounds));
  if (json) process.stdout.write(`${JSON.stringify({ backgrounds })}\n`);
  else for (const background of backgrounds) process.stdout.write(`${lines(background).join('\n')}\n\n`);
}

function lines(background: ToldBackground): string[] {
  const { rule, source, level, spread, watchedMinutes, peaks, peaksNeeded, threshold, expectedPerDay, events, changes } = background;
  const state =
    threshold === undefined
      ? `no threshold: ${peaks} of ${peaksNeeded} peaks seen, or none was asked for`
      : `threshold ${threshold.toFixed(3)}${expectedPerDay ? `, expected ${expectedPerDay.expected.toPrecision(2)} false alarms a day (${expectedPerDay.low.toPrecision(2)} to ${expectedPerDay.high.toPrecision(2)} in nine cases of ten)` : ''}`;
  return [
    `${rule} on ${source}: usual ${level.toFixed(3)}, spread ${spread.toFixed(4)}, watched ${watchedMinutes} min; ${state}`,
    `  peaks left out as events: ${events}; sudden changes: ${changes}`,
    ...bars(background),
  ];
}

/** The histogram in text, two bins a line, empty ends left out. */
function bars({ histogram: { counts, fromSpreads, stepSpreads }, level, spread, threshold }: ToldBackground): string[] {
  const most = Math.max(1, ...counts);
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return [];
  return counts.slice(first, last + 1).map((count, i) => {
    const from = level + spread * (fromSpreads + stepSpreads * (first + i));
    const mark = threshold !== undefined && from <= threshold && threshold < from + spread * stepSpreads ? ' <- threshold' : '';
    return `  ${from.toFixed(3).padStart(7)} ${'#'.repeat(Math.ceil((50 * count) / most)).padEnd(50)} ${count}${mark}`;
  });
}

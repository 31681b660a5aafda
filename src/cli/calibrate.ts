import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { ruleSchema } from '../alerts/rule.ts';
import { toldBackgroundSchema, type ToldBackground } from '../alerts/told-background.ts';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { MODALITIES } from '../core/types.ts';
import { openRecording, type Recording } from '../recording/open-recording.ts';
import { calibrateRecording, recordedRules, type RuleToCalibrate } from '../runtime/calibrate-recording.ts';
import { backgroundSvg } from './background-svg.ts';
import { progressLine } from './progress-line.ts';
import { cosineAt } from '../space/background.ts';
import { rateWords } from './rate-words.ts';
import { withEncoders } from './with-encoders.ts';

interface CalibrateOptions {
  readonly rule?: string;
  readonly in?: readonly string[];
  readonly text?: string;
  readonly perDay?: string;
  readonly model: string;
  readonly url?: string;
  readonly token?: string;
  readonly svg?: string;
  readonly json?: true;
}

const URL_OF_OURS = 'http://127.0.0.1:7400';
/** False alarms a day where neither a rule nor --per-day says. */
const PER_DAY = 2;
const listSchema = z.object({ calibrations: z.array(z.object({ rule: z.string(), source: z.string() })) });

const HELP = `
With --in the thresholds are learnt from a recording, as they would have been live: of the rules that were in force in it, or of words.
A threshold needs ten to fifteen minutes of a source; the longer the recording, the narrower what is expected.

Examples:
  edgebind calibrate --rule glass --svg glass.svg
  edgebind calibrate --in recordings/monday.mcap --per-day 1 --svg monday.svg
  edgebind calibrate --in recordings --text "glass breaking" --json
`;

/** `edgebind calibrate`. */
export function registerCalibrate(program: Command): void {
  program
    .command('calibrate')
    .description(
      'what is usual and what follows from it: scores, thresholds, expected false alarms a day; of a running EdgeBind or a recording',
    )
    .option('--rule <id>', 'only this rule')
    .option('--in <path...>', 'recording.mcap, several of one run, or a folder of them, instead of a running EdgeBind')
    .option('--text <words>', 'with --in: what these words score, instead of the recorded rules')
    .option('--per-day <number>', `with --in: false alarms a day that are allowed; default: what the rule allows, or ${PER_DAY}`)
    .option('--model <dir>', 'with --text: the bundle that was recorded with', 'models/mini')
    .option('--url <url>', `address of the running EdgeBind; default: ${URL_OF_OURS}`)
    .option('--token <token>', 'its token; default: EDGEBIND_TOKEN')
    .option('--svg <file>', 'draws histogram, tail, threshold and expectation of each background')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action(calibrate);
}

async function calibrate(options: CalibrateOptions): Promise<void> {
  const { svg, json } = options;
  if (options.in && options.url !== undefined) throw new UsageError('BAD_CALIBRATE', 'say --in or --url, not both');
  if (!options.in && (options.text !== undefined || options.perDay !== undefined))
    throw new UsageError(
      'BAD_CALIBRATE',
      '--text and --per-day need --in RECORDING; a running EdgeBind is asked by a rule (POST /api/v1/rules/ID/try)',
    );
  const backgrounds = options.in ? await ofRecording(options, options.in) : await ofRunning(options);
  if (backgrounds.length === 0)
    throw new UsageError(
      'NOTHING_SCORED',
      options.in ? 'no window of the recording is one that the rules listen to' : 'no rule has scored anything yet',
    );
  if (svg !== undefined) writeFileSync(svg, backgroundSvg(backgrounds));
  if (json) process.stdout.write(`${JSON.stringify({ backgrounds })}\n`);
  else for (const background of backgrounds) process.stdout.write(`${lines(background).join('\n')}\n\n`);
}

async function ofRecording({ rule, text, perDay, model }: CalibrateOptions, paths: readonly string[]): Promise<readonly ToldBackground[]> {
  const allowed = perDay === undefined ? undefined : Number(perDay);
  if (allowed !== undefined && !(allowed >= 0.01 && allowed <= 1000))
    throw new UsageError('BAD_CALIBRATE', `--per-day "${perDay ?? ''}" is no number from 0.01 to 1000`);
  const recording = await openRecording(paths);
  const rules = text === undefined ? await recordedRules(recording) : [await ruleOfWords(text, recording, model)];
  const wanted = rules.filter((one) => rule === undefined || one.rule.id === rule);
  if (wanted.length === 0)
    throw new UsageError(
      'UNKNOWN_RULE',
      `${rule === undefined ? 'no rules were' : `the rule "${rule}" was not`} in force in ${paths.join(', ')}; known: ${rules.map((one) => one.rule.id).join(', ') || 'none'}; or say what to look for with --text`,
    );
  const asked = wanted.map((one) => ({
    ...one,
    rule: { ...one.rule, falseAlarmsPerDay: allowed ?? one.rule.falseAlarmsPerDay ?? PER_DAY },
  }));
  const progress = progressLine(process.stderr);
  const { backgrounds, otherSpace } = await calibrateRecording(recording, asked, (windows) => progress.show(`${windows} windows`));
  progress.clear();
  if (otherSpace > 0) process.stderr.write(`edgebind: left out: ${otherSpace} windows of another model than the first\n`);
  for (const { file, atByte } of recording.faults.truncated) process.stderr.write(`edgebind: ${file} breaks off at byte ${atByte}\n`);
  return backgrounds;
}

async function ruleOfWords(text: string, { session: { space } }: Recording, model: string): Promise<RuleToCalibrate> {
  const parsed = ruleSchema.safeParse({ id: 'words', query: { text }, on: [...MODALITIES, 'fused'], falseAlarmsPerDay: PER_DAY });
  if (!parsed.success) throw new UsageError('BAD_CALIBRATE', `--text: ${parsed.error.issues.map(({ message }) => message).join('; ')}`);
  return withEncoders(model, ['text'], async (encoders) => {
    if (encoders.space.id !== space.id)
      throw new UsageError(
        'SPACE_MISMATCH',
        `the recording is of space ${space.id}, ${model} of ${encoders.space.id}; name the bundle that was recorded with as --model`,
      );
    return { rule: parsed.data, query: { space: space.id, vector: await encoders.embedText(text) } };
  });
}

async function ofRunning({
  rule,
  url = URL_OF_OURS,
  token = process.env['EDGEBIND_TOKEN'],
}: CalibrateOptions): Promise<readonly ToldBackground[]> {
  const get = async (path: string): Promise<unknown> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), { headers: token ? { authorization: `Bearer ${token}` } : {} });
    } catch (error) {
      throw new EdgeBindError(
        'NOT_REACHED',
        `${url}: no EdgeBind answers (${messageOf(error)}); start one with edgebind run, or give --url, or --in RECORDING`,
        { cause: error },
      );
    }
    if (!response.ok)
      throw new EdgeBindError('REFUSED', `${url}${path}: answered ${response.status}: ${(await response.text()).slice(0, 200)}`);
    return response.json();
  };
  const { calibrations } = listSchema.parse(await get('/api/v1/calibrations'));
  const wanted = calibrations.filter((one) => rule === undefined || one.rule === rule);
  if (wanted.length === 0 && rule !== undefined) {
    const known = [...new Set(calibrations.map((one) => one.rule))].join(', ');
    throw new UsageError('UNKNOWN_RULE', `the rule "${rule}" has scored nothing yet; known: ${known || 'none'}`);
  }
  const backgrounds: ToldBackground[] = [];
  for (const one of wanted) {
    const path = `/api/v1/rules/${encodeURIComponent(one.rule)}/background/${encodeURIComponent(one.source)}`;
    backgrounds.push(toldBackgroundSchema.parse(await get(path)));
  }
  return backgrounds;
}

function lines(background: ToldBackground): string[] {
  const { rule, source, level, spread, watchedMinutes, peaks, peaksNeeded, asked, threshold, expectedPerDay, events, changes } = background;
  const state =
    asked === undefined
      ? 'a fixed threshold: nothing was asked'
      : threshold === undefined
        ? `no threshold: ${peaks} of ${peaksNeeded} peaks seen`
        : `threshold ${threshold.toFixed(3)}${expectedPerDay ? ` for at most ${asked} a day, expected false alarms a day: ${rateWords(expectedPerDay)}` : ''}`;
  return [
    `${rule} on ${source}: usual ${level.toFixed(3)}, spread ${spread.toFixed(4)}, watched ${watchedMinutes} min; ${state}`,
    `  peaks left out as events: ${events}; sudden changes: ${changes}`,
    ...bars(background),
  ];
}

/** The histogram in text, empty ends left out. */
function bars({ histogram: { counts, fromSpreads, stepSpreads }, level, spread, threshold }: ToldBackground): string[] {
  const most = Math.max(1, ...counts);
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first < 0) return [];
  return counts.slice(first, last + 1).map((count, i) => {
    const [from = 0, to = 0] = [i, i + 1].map((n) => cosineAt({ level, spread }, fromSpreads + stepSpreads * (first + n)));
    const mark = threshold !== undefined && from <= threshold && threshold < to ? ' <- threshold' : '';
    return `  ${from.toFixed(3).padStart(7)} ${'#'.repeat(Math.ceil((50 * count) / most)).padEnd(50)} ${count}${mark}`;
  });
}

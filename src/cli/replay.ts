import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { pino } from 'pino';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import type { Alert } from '../core/types.ts';
import { openRecording, type Recording } from '../recording/open-recording.ts';
import { loadConfig } from '../runtime/config.ts';
import { compareAlerts } from '../runtime/replay/compare-alerts.ts';
import { replay, type ReplayResult } from '../runtime/replay/replay.ts';
import { packageRoot, packageVersion } from './package-root.ts';
import { parsePort } from './parse-port.ts';

interface ReplayFlags {
  readonly speed: string;
  readonly config?: string;
  readonly expect?: string | true;
  readonly port?: string;
  readonly json?: true;
}

/** `edgebind replay`. Exit code 1: the alerts are not those that were expected. */
export function registerReplay(program: Command): void {
  program
    .command('replay')
    .description('run a recording through the same pipelines on a virtual clock; prints its alerts')
    .argument('<files...>', 'an .mcap file, several of one run in their order, or a folder of them')
    .option('--speed <n>', '0: as fast as it goes; 1: as it was; 10: ten times; step: one second for each line on stdin', '0')
    .option('--config <file>', "another config: other rules, windows or bundle than the recording's")
    .option('--expect [file]', 'alerts as JSON lines that must come, to the byte; without a file: those in the recording')
    .option('--port <number>', 'let a dashboard look on, there; 0 takes a free port')
    .option('--json', 'alerts as JSON lines')
    .addHelpText(
      'after',
      '\nExamples:\n  edgebind replay incident.mcap --expect\n  edgebind replay incident.mcap --json > alerts.jsonl\n  edgebind replay incident.mcap --config new-rules.yaml --expect alerts.jsonl\n  edgebind replay recordings/ --speed 1 --port 7400\n',
    )
    .action(run);
}

async function run(files: string[], flags: ReplayFlags): Promise<void> {
  const log = pino({ level: process.env['EDGEBIND_LOG'] ?? 'warn' }, pino.destination(2));
  const expected = typeof flags.expect === 'string' ? await linesOf(flags.expect) : undefined;
  const dashboardDir = fileURLToPath(new URL('dist/dashboard', packageRoot));
  const recording = await openRecording(files);
  const stepper = flags.speed === 'step' ? new Stepper() : undefined;
  const result = await replay({
    recording,
    loaded: flags.config === undefined ? undefined : loadConfig(flags.config),
    speed: stepper ? 0 : speedOf(flags.speed),
    step: stepper && ((atUs) => stepper.wait(atUs)),
    port: flags.port === undefined ? undefined : parsePort(flags.port),
    dashboardDir: existsSync(dashboardDir) ? dashboardDir : undefined,
    log,
    server: `edgebind ${packageVersion}`,
    onStart: (url) => url !== '' && process.stderr.write(`EdgeBind replays: ${url}\n`),
    onAlert: (alert) => process.stdout.write(flags.json ? `${JSON.stringify(alert)}\n` : `${lineOf(alert)}\n`),
  });
  stepper?.close();
  process.stderr.write(summaryOf(result, recording));
  if (!result.ledger.every((line) => line.sums)) throw new EdgeBindError('LEDGER', 'the ledger of the replay does not sum: this is a bug');
  if (flags.expect === undefined) return;
  const wanted = expected ?? result.recordedAlerts.map((alert) => JSON.stringify(alert));
  const difference = compareAlerts(
    wanted,
    result.alerts.map((alert) => JSON.stringify(alert)),
  );
  if (difference === undefined) {
    process.stderr.write(`the ${wanted.length} expected alerts came, to the byte\n`);
    return;
  }
  process.stderr.write(`${difference}\n`);
  process.exitCode = 1;
}

function summaryOf(result: ReplayResult, { faults }: Recording): string {
  const { decided, readings, embeddings, alerts, seconds, recordedSeconds, undecided, notMade, ignored, notLearnt, unjudgedSeconds } =
    result;
  const lines = [
    `${readings} samples, ${embeddings} vectors, ${alerts.length} changes of alerts; ${recordedSeconds.toFixed(1)} s in ${seconds.toFixed(1)} s; ${
      decided === 'asRecorded' ? 'decided as recorded' : 'decided anew (sources, windows, fusion or space are not those of the recording)'
    }`,
  ];
  if (unjudgedSeconds > 0)
    lines.push(`begins in mid-run: the first ${unjudgedSeconds.toFixed(1)} s fill windows and fusion, their alerts are not expected`);
  if (undecided > 0) lines.push(`${undecided} windows were under way when the recording ended`);
  if (notMade > 0) lines.push(`${notMade} recorded vectors were not made again: their samples are not in the recording, or cannot be read`);
  if (notLearnt > 0) lines.push(`${notLearnt} backgrounds of rules had no room in the recording: what they had learnt is not known here`);
  if (ignored > 0) lines.push(`${ignored} samples are of sources that the config does not have`);
  for (const { file, atByte } of faults.truncated) lines.push(`${file} breaks off at byte ${atByte}: what was written before is replayed`);
  if (faults.badRecords + faults.badMessages > 0)
    lines.push(`${faults.badRecords} records and ${faults.badMessages} messages could not be read: ${faults.firstFault ?? ''}`);
  for (const [topic, count] of Object.entries(faults.foreign)) lines.push(`${count} messages on ${topic} are not EdgeBind's`);
  const missing = Object.entries(faults.missing).map(([topic, count]) => `${count} on ${topic}`);
  if (missing.length > 0) lines.push(`messages that are not in the recording: ${missing.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

const lineOf = ({ endUs, state, rule, source, score, threshold, query }: Alert): string =>
  `${new Date(endUs / 1000).toISOString()}  ${state.padEnd(7)}  ${rule}  ${source}  ${score.toFixed(3)} (threshold ${threshold.toFixed(3)})  "${query}"`;

function speedOf(text: string): number {
  const speed = Number(text);
  if (text.trim() === '' || !Number.isFinite(speed) || speed < 0)
    throw new UsageError('INVALID_SPEED', `--speed "${text}" is not a speed: write 0, 1, 0.5, 10 or step`);
  return speed;
}

async function linesOf(file: string): Promise<string[]> {
  try {
    return (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  } catch (error) {
    throw new UsageError('EXPECT_UNREADABLE', `--expect ${file}: cannot be read (${messageOf(error)})`, { cause: error });
  }
}

/** One second of the recording for each line on stdin; after its end, as fast as it goes. */
class Stepper {
  readonly #lines = createInterface({ input: process.stdin });
  readonly #iterator = this.#lines[Symbol.asyncIterator]();
  #untilUs: number | undefined;
  #isOver = false;

  async wait(atUs: number): Promise<void> {
    // A clock that was set back begins a second anew.
    if (this.#untilUs === undefined || atUs < this.#untilUs - 1e6) this.#untilUs = atUs;
    while (!this.#isOver && atUs >= this.#untilUs) {
      process.stderr.write(`${new Date(atUs / 1000).toISOString()}: Enter for one second more\n`);
      this.#isOver = (await this.#iterator.next()).done === true;
      this.#untilUs = Math.max(this.#untilUs + 1e6, atUs);
    }
  }

  close(): void {
    this.#lines.close();
  }
}

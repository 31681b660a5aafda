import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { isMap, isSeq, parseDocument } from 'yaml';
import { UsageError } from '../core/errors.ts';
import { openRecording } from '../recording/open-recording.ts';
import { parseDuration } from '../runtime/duration.ts';
import { syncSources, type Sync } from '../runtime/sync/sync-sources.ts';
import { progressLine } from './progress-line.ts';

interface SyncFlags {
  readonly between: readonly string[];
  readonly maxLag: string;
  readonly config: string;
  readonly write: boolean;
  readonly json: boolean;
}

/** A lag that chance could have made is not written. */
const MIN_CONFIDENCE = 0.5;
const LINES = 21;
const COLUMNS = 50;

/** `edgebind sync`. */
export function registerSync(program: Command): void {
  program
    .command('sync')
    .description('the lag between two sources of a recording, by what both noticed; --write puts it into the config')
    .argument('<recording...>', '.mcap files of one run, or a folder of them')
    .requiredOption('--between <ids...>', 'ids of two sources')
    .option('--max-lag <duration>', 'lags up to this are tried', '2s')
    .option('--config <file>', 'the config that --write edits', 'config.yaml')
    .option('--write', "set the second source's offsetMs so that the lag is gone; comments are kept", false)
    .option('--json', 'one JSON object', false)
    .addHelpText(
      'after',
      '\nLag above 0: the second source notices later. Clap, knock or drop something while you record.\n\nExample:\n  edgebind record --out clap.mcap --for 60s\n  edgebind sync clap.mcap --between microphone camera --write\n',
    )
    .action(async (paths: string[], { between, maxLag, config, write, json }: SyncFlags) => {
      const [first, second, ...rest] = between;
      if (first === undefined || second === undefined || rest.length > 0 || first === second)
        throw new UsageError('SYNC_BETWEEN', `--between names two different sources, not ${between.join(', ')}`);
      const maxLagMs = parseDuration(maxLag);
      if (maxLagMs > 60_000) throw new UsageError('SYNC_MAX_LAG', `--max-lag ${maxLag} is too long: at most 60s`);
      const progress = progressLine(process.stderr);
      const onProgress = (samples: number): void => progress.show(`${samples} samples read`);
      const sync = await syncSources(await openRecording(paths), { between: [first, second], maxLagMs, onProgress });
      progress.clear();
      const { curve: _, ...found } = sync;
      process.stdout.write(json ? `${JSON.stringify({ between: [first, second], ...found })}\n` : shown(first, second, sync));
      if (!write) return;
      if (sync.confidence < MIN_CONFIDENCE)
        throw new UsageError(
          'SYNC_UNSURE',
          `confidence ${sync.confidence} is below ${MIN_CONFIDENCE}: nothing is written; record more events that both notice`,
        );
      const offsetMs = writeOffset(config, second, sync.lagMs);
      process.stderr.write(`${config}: source ${second} has offsetMs: ${offsetMs}\n`);
    });
}

/** Takes the lag from the source's offset. Returns the new one. */
function writeOffset(file: string, id: string, lagMs: number): number {
  const document = parseDocument(readFileSync(file, 'utf8'));
  const sources = document.get('sources');
  const source = isSeq(sources) ? sources.items.find((one) => isMap(one) && one.get('id') === id) : undefined;
  if (!isMap(source))
    throw new UsageError('NO_SUCH_SOURCE', `${file}: has no source "${id}"; give the config that was recorded by --config`);
  const before = source.get('offsetMs');
  const offsetMs = Math.round(((typeof before === 'number' ? before : 0) - lagMs) * 10) / 10;
  source.set('offsetMs', offsetMs);
  writeFileSync(file, document.toString({ lineWidth: 0 }));
  return offsetMs;
}

function shown(first: string, second: string, sync: Sync): string {
  const { lagMs, confidence, seconds } = sync;
  const later = lagMs < 0 ? `${second} notices ${-lagMs} ms before ${first}` : `${second} notices ${lagMs} ms after ${first}`;
  const words = confidence >= MIN_CONFIDENCE ? later : `no lag stands out; the highest: ${later}`;
  return `${words} (confidence ${confidence}, ${Math.round(seconds)} s)\n\n${picture(sync)}`;
}

/** Correlation by lag, the highest of each line's lags. */
function picture({ curve, maxLagMs }: Sync): string {
  const highest = Math.max(...curve, 1e-9);
  const lines: string[] = [];
  for (let line = 0; line < LINES; line++) {
    const part = curve.subarray(Math.floor((line * curve.length) / LINES), Math.floor(((line + 1) * curve.length) / LINES));
    const at = Math.round((((line + 0.5) / LINES) * 2 - 1) * maxLagMs);
    const bar = '#'.repeat(Math.max(0, Math.round((COLUMNS * Math.max(...part)) / highest)));
    lines.push(`${String(at).padStart(7)} ms |${bar}`);
  }
  return `${lines.join('\n')}\n`;
}

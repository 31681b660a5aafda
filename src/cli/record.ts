import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { runUntilTold, type RunOptions } from './run.ts';

/** `edgebind record`. */
export function registerRecord(program: Command): void {
  program
    .command('record')
    .description('run, and record everything to one MCAP file: raw samples, embeddings, scores, alerts, ledger, config')
    .argument('[config]', 'path of the config', 'config.yaml')
    .requiredOption('--out <file.mcap>', 'the file; it must not be there yet')
    .option('--for <duration>', 'end by itself after 30s, 5m, 2h')
    .option('--port <number>', 'listen there instead of listen.port; 0 takes a free port')
    .addHelpText(
      'after',
      '\nExamples:\n  edgebind record --out incident.mcap --for 30s\n  edgebind replay incident.mcap --expect\n\nFor recording all the time, with rotation or only around alerts, set outputs.record in the config.\n',
    )
    .action(async (config: string, { out, ...options }: RunOptions & { out: string }) => {
      const file = resolve(out);
      if (existsSync(file)) throw new UsageError('RECORDING_EXISTS', `${file}: is there already; give another --out, or remove it`);
      await runUntilTold(config, options, { recordTo: file });
      const bytes = existsSync(file) ? statSync(file).size : 0;
      process.stderr.write(`recorded ${file}: ${(bytes / 1e6).toFixed(1)} MB\n`);
    });
}

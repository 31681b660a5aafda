import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { pino } from 'pino';
import { messageOf } from '../core/errors.ts';
import { loadConfig } from '../runtime/config.ts';
import { watchConfig } from '../runtime/config-watch.ts';
import { parseDuration } from '../runtime/duration.ts';
import { EdgeBind } from '../runtime/edgebind.ts';
import type { EdgeBindOptions } from '../runtime/edgebind-options.ts';
import { packageRoot, packageVersion } from './package-root.ts';
import { parsePort } from './parse-port.ts';

export interface RunOptions {
  readonly for?: string;
  readonly port?: string;
}

/** The whole stop must fit into 5 s; what hangs longer is given up. */
const STOP_LIMIT_MS = 4800;

/** `edgebind run`. */
export function registerRun(program: Command): void {
  program
    .command('run')
    .description('the main job: sensors in, embeddings and alerts out')
    .argument('[config]', 'path of the config', 'config.yaml')
    .option('--for <duration>', 'end by itself after 30s, 5m, 2h')
    .option('--port <number>', 'listen there instead of listen.port; 0 takes a free port')
    .addHelpText('after', '\nExamples:\n  edgebind run\n  edgebind run site.yaml --for 30s --port 0\n')
    .action((file: string, options: RunOptions) => runUntilTold(file, options));
}

/** Runs a config until its time is over or a signal comes, then stops it well. */
export async function runUntilTold(file: string, options: RunOptions, more: Pick<EdgeBindOptions, 'recordTo'> = {}): Promise<void> {
  const limitMs = options.for === undefined ? undefined : parseDuration(options.for);
  const port = options.port === undefined ? undefined : parsePort(options.port);
  const loaded = loadConfig(file);
  const log = pino({ level: process.env['EDGEBIND_LOG'] ?? 'info' }, pino.destination(2));

  const leave = new AbortController();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, () => leave.abort());
  let isRunning = false;
  let giveUp: NodeJS.Timeout | undefined;
  leave.signal.addEventListener('abort', () => {
    giveUp = setTimeout(() => {
      // While it still starts there is nothing to drain and no state to write.
      if (isRunning) log.error({}, 'the stop took too long and was given up');
      process.exit(isRunning ? 1 : 0);
    }, STOP_LIMIT_MS);
  });
  const dashboardDir = fileURLToPath(new URL('dist/dashboard', packageRoot));
  const edgebind = await EdgeBind.start(loaded, {
    ...more,
    log,
    server: `edgebind ${packageVersion}`,
    ...(port !== undefined && { port }),
    ...(existsSync(dashboardDir) && { dashboardDir }),
  });
  isRunning = true;
  process.stdout.write(`EdgeBind runs: ${edgebind.url}\n`);

  const unwatch = watchConfig(loaded.file, () => {
    // A bad edit leaves the running config in force.
    Promise.resolve()
      .then(() => edgebind.reconfigure(loadConfig(file)))
      .then(() => log.info({ file }, 'the edited config is in force'))
      .catch((error: unknown) => log.error({ error: messageOf(error) }, 'the edited config is not used; the one before goes on'));
  });
  const timer = limitMs === undefined ? undefined : setTimeout(() => leave.abort(), limitMs);
  if (!leave.signal.aborted) await new Promise((resolve) => leave.signal.addEventListener('abort', resolve, { once: true }));
  clearTimeout(timer);
  unwatch();
  await edgebind.stop();
  clearTimeout(giveUp);
  for (const signal of signals) process.removeAllListeners(signal);
}

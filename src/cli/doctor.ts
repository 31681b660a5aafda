import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { loadConfig } from '../runtime/config.ts';
import { examine } from '../runtime/doctor/examine.ts';
import type { Finding } from '../runtime/doctor/finding.ts';
import { progressLine } from './progress-line.ts';

const DEFAULT_CONFIG = 'config.yaml';

/** `edgebind doctor`. Exit codes 0: nothing failed; 1: something did; 2: the config is wrong. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('what this machine lacks and what to do about it; which provider really runs each model, with timings')
    .argument('[config]', `path of the config; default: ${DEFAULT_CONFIG} where there is one, else the bundle that is shipped`)
    .option('--json', 'one JSON object {ok, findings: [{check, status, found, todo}]}')
    .addHelpText('after', '\nExample:\n  edgebind doctor site.yaml\n')
    .action(doctor);
}

async function doctor(file: string | undefined, { json }: { json?: true }): Promise<void> {
  const config = file ?? (existsSync(DEFAULT_CONFIG) ? DEFAULT_CONFIG : undefined);
  const progress = progressLine(process.stderr);
  const findings: Finding[] = [];
  for await (const finding of examine(config === undefined ? undefined : loadConfig(config), progress.show)) {
    findings.push(finding);
    progress.clear();
    if (!json) process.stdout.write(findingText(finding));
  }
  const ok = findings.every(({ status }) => status !== 'fail');
  if (json) process.stdout.write(`${JSON.stringify({ ok, findings })}\n`);
  if (!ok) process.exitCode = 1;
}

/** One line, and a second one where there is something to do. */
export const findingText = ({ check, status, found, todo }: Finding): string =>
  `${status.padEnd(7)}  ${check.padEnd(19)}  ${found}\n${todo === undefined ? '' : `${' '.repeat(30)}-> ${todo}\n`}`;

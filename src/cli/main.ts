import { Command, CommanderError } from 'commander';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import { registerBind } from './bind.ts';
import { registerCalibrate } from './calibrate.ts';
import { registerCheck } from './check.ts';
import { mindClosedPipes } from './closed-pipe.ts';
import { registerConfig } from './config.ts';
import { registerDecode } from './decode.ts';
import { registerDevices } from './devices.ts';
import { registerDoctor } from './doctor.ts';
import { registerEmbed } from './embed.ts';
import { packageVersion } from './package-root.ts';
import { registerModels } from './models.ts';
import { registerPreprocess } from './preprocess.ts';
import { registerRecord } from './record.ts';
import { registerReplay } from './replay.ts';
import { registerRun } from './run.ts';
import { registerScore } from './score.ts';
import { registerSearch } from './search.ts';
import { registerSimulate } from './simulate.ts';
import { registerSync } from './sync.ts';
import { registerTokenize } from './tokenize.ts';
import { registerTop } from './top.ts';

const program = new Command('edgebind')
  .description('Similarity alerts on live sensor streams, across senses.')
  .version(packageVersion)
  .showHelpAfterError('(edgebind COMMAND --help shows what it takes, with an example)')
  .showSuggestionAfterError()
  .exitOverride();

registerRun(program);
registerRecord(program);
registerReplay(program);
registerTop(program);
registerCalibrate(program);
registerCheck(program);
registerDoctor(program);
registerDevices(program);
registerSimulate(program);
registerDecode(program);
registerTokenize(program);
registerPreprocess(program);
registerEmbed(program);
registerScore(program);
registerSearch(program);
registerSync(program);
registerBind(program);
registerModels(program);
registerConfig(program);

/** Something that was left open after a failure must not keep the command from ending. */
const LINGER_MS = 3000;

mindClosedPipes(['run', 'record', 'simulate'].includes(process.argv[2] ?? ''));
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
  setTimeout(() => process.exit(), LINGER_MS).unref();
}

/** 2: wrong usage or an invalid config; 1: it failed while running. Help and version are no errors. */
function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  process.stderr.write(`edgebind: ${messageOf(error)}\n`);
  // What was not thrown on purpose is a bug: its stack helps.
  if (!(error instanceof EdgeBindError) && error instanceof Error && error.stack) process.stderr.write(`${error.stack}\n`);
  return error instanceof UsageError ? 2 : 1;
}

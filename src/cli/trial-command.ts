import type { Command } from 'commander';

/** What is asked of every trial of a bundle's graphs. */
export interface TrialOptions {
  readonly json?: true;
  readonly provider: readonly string[];
  readonly binding?: string;
}

/** A command that tries the graphs of a bundle, each on its own, on each provider. */
export const trialCommand = (models: Command, name: string, description: string): Command =>
  models
    .command(name)
    .description(description)
    .argument('[dir]', 'a bundle folder', 'models/mini')
    .option('--provider <names...>', 'execution providers, each tried alone', ['cpu'])
    .option('--binding <path>', 'another build of onnxruntime-node: a module name or the absolute path of its folder')
    .option('--json', 'one JSON object');

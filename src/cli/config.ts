import type { Command } from 'commander';
import { z } from 'zod';
import { configSchema } from '../runtime/config.ts';

/** `edgebind config schema`. */
export function registerConfig(program: Command): void {
  program
    .command('config')
    .description('about config.yaml')
    .command('schema')
    .description('print the JSON Schema of config.yaml: editors complete from it')
    .addHelpText('after', '\nExample:\n  edgebind config schema > config.schema.json\n')
    .action(() => {
      process.stdout.write(`${JSON.stringify(z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' }), null, 2)}\n`);
    });
}

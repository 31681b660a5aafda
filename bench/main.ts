import { readdirSync } from 'node:fs';
import { extname } from 'node:path';
import { textTable } from '../src/cli/text-table.ts';
import type { BenchOptions, BenchReport } from './report.ts';

/** What a file of this folder that measures something exports. */
interface Bench {
  run(options: BenchOptions): Promise<BenchReport>;
}

const isBench = (module: object): module is Bench => 'run' in module && typeof module.run === 'function';

/** Names of the files beside this one; which of them measure is known when they are loaded. */
const names = readdirSync(import.meta.dirname)
  .filter((file) => extname(file) === extname(import.meta.filename) && !file.endsWith('.d.ts'))
  .map((file) => file.slice(0, -extname(file).length))
  .filter((name) => name !== 'main' && name !== 'report');

const [name, ...flags] = process.argv.slice(2);
const unknown = flags.find((flag) => flag !== '--json' && flag !== '--quick');
if (name === undefined || !names.includes(name) || unknown !== undefined) {
  process.stderr.write(
    `npm run bench -- NAME [--json] [--quick]; NAME is one of: ${names.join(', ')}${unknown === undefined ? '' : `; "${unknown}" is no flag`}\n`,
  );
  process.exit(2);
}
const module = (await import(new URL(`${name}${extname(import.meta.filename)}`, import.meta.url).href)) as object;
if (!isBench(module)) throw new Error(`bench/${name} exports no run()`);
const report = await module.run({ quick: flags.includes('--quick') });
process.stdout.write(flags.includes('--json') ? `${JSON.stringify(report)}\n` : table(report));

function table({ name: title, results, machine, versions }: BenchReport): string {
  const rows = [['case', 'ours', 'opponent', 'ratio', 'runs', 'spread', 'unit']].concat(
    results.map((one) => [one.case, ...[one.ours, one.opponent, one.ratio, one.runs, one.spread].map(String), one.unit]),
  );
  const made = Object.entries(versions).map(([what, version]) => `${what} ${version}`);
  return `${title}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.os}; ${made.join(', ')}\n${textTable(rows, ['left', 'right', 'right', 'right', 'right', 'right', 'left'])}`;
}

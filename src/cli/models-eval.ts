import { readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { messageOf, UsageError } from '../core/errors.ts';
import { openBundle } from '../encoders/bundle.ts';
import { tryBundle } from '../encoders/try-bundle.ts';
import type { Trial } from '../encoders/try-graphs.ts';
import { findBundle } from '../runtime/bundles.ts';
import { evaluate } from '../runtime/evaluation/evaluate.ts';
import { costTable, gapTable, resultsPlot, resultsTable, withBlock, type Baseline } from '../runtime/evaluation/results-page.ts';
import { taskGroups } from '../runtime/evaluation/task-groups.ts';
import { VectorCache } from '../runtime/evaluation/vector-cache.ts';
import { progressLine } from './progress-line.ts';
import { withEncoders } from './with-encoders.ts';

interface EvalOptions {
  readonly data: string;
  readonly cache: string;
  readonly seconds: number;
  readonly write?: true;
  readonly json?: true;
}

const HELP = `
DIR of --data holds the sets that the README of models/mini names; those that are not there are listed as absent. Files are
embedded through the front ends and encoders that live windows go through; vectors are kept in --cache for the next time.
The 95 % interval is resampled by uploader, recording or subject. baseline.json of the bundle, where there is one, holds the
figures of the same backbones without any training, by the id that --json shows.

Example:
  edgebind models eval models/mini --data ../shared/data --write`;

/** `edgebind models eval`. Exit codes 0: measured; 2: no bundle, a broken one, or data that cannot be read. */
export function registerModelsEval(models: Command): void {
  models
    .command('eval')
    .description('zero-shot and retrieval figures of a bundle on validation data, with chance and intervals')
    .argument('[dir]', 'a bundle folder', 'models/mini')
    .option('--data <dir>', 'the data', process.env['EDGEBIND_DATA'] ?? '../shared/data')
    .option('--cache <dir>', 'where vectors are kept', join(tmpdir(), 'edgebind-eval'))
    .option('--seconds <n>', 'how long each graph is timed', Number, 2)
    .option('--write', 'put tables and plot into the README of the bundle, between its markers')
    .option('--json', 'one JSON object')
    .addHelpText('after', HELP)
    .action(evalBundle);
}

async function evalBundle(name: string, { data, cache: folder, seconds, write, json }: EvalOptions): Promise<void> {
  const dir = findBundle(name, process.cwd());
  const whole = await openBundle(dir);
  const baseline = await readBaseline(dir);
  const sets = await taskGroups(resolve(data));
  const progress = progressLine(process.stderr);
  const { groups, gaps } = await withEncoders(name, [...whole.entries.keys()], (encoders, bundle) =>
    evaluate(sets, { bundle, encoders, cache: new VectorCache(folder, bundle), onProgress: (text) => progress.show(text) }),
  );
  const trials: Trial[] = [];
  for await (const trial of tryBundle(whole, { providers: ['cpu'], seconds })) {
    progress.show(`timing ${trial.modality}`);
    trials.push(trial);
  }
  progress.clear();
  const costs = trials.map(({ modality, measured }) => ({ modality, msPerWindow: measured?.callMs, rssMiB: measured?.rssMiB }));
  const tables = { results: resultsTable(groups, baseline), gaps: gapTable(gaps), cost: costTable(trials) };
  if (write) await writePage(dir, tables, resultsPlot(groups, baseline));
  process.stdout.write(
    json ? `${JSON.stringify({ dir, space: whole.space, groups, gaps, costs })}\n` : `${Object.values(tables).join('\n\n')}\n`,
  );
}

async function readBaseline(dir: string): Promise<Baseline> {
  const file = join(dir, 'baseline.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return {};
  }
  try {
    return z.record(z.string(), z.number()).parse(JSON.parse(text));
  } catch (cause) {
    throw new UsageError('BAD_DATA', `${file}: ${messageOf(cause)}; wanted {"id of a row": number}`, { cause });
  }
}

async function writePage(dir: string, tables: Readonly<Record<string, string>>, plot: string): Promise<void> {
  const file = join(dir, 'README.md');
  let page = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new UsageError('FILE_UNREADABLE', `cannot read ${file}: ${messageOf(cause)}; --write wants a page with markers`, { cause });
  });
  for (const [block, table] of Object.entries(tables)) {
    const next = withBlock(page, block, block === 'results' ? `![](results.svg)\n\n${table}` : table);
    if (next === undefined)
      throw new UsageError('NO_MARKERS', `${file} has no "<!-- ${block} -->" with "<!-- end ${block} -->" after it; put them in`);
    page = next;
  }
  await writeFile(file, page);
  await writeFile(join(dir, 'results.svg'), plot);
}

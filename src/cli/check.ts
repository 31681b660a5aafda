import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { partsOf } from '../alerts/query.ts';
import { messageOf } from '../core/errors.ts';
import { Ledger } from '../core/ledger.ts';
import { silentLog } from '../core/log.ts';
import { hostClock } from '../core/time.ts';
import { openBundle } from '../encoders/bundle.ts';
import { startEncoders } from '../encoders/encoder-pool.ts';
import { findBundle } from '../runtime/bundles.ts';
import { loadConfig, type Config } from '../runtime/config.ts';
import { embedQuery } from '../runtime/embed-query.ts';
import { encoderOptions } from '../runtime/encoder-options.ts';
import { checkSources, placed } from '../runtime/check-sources.ts';
import { loadPipelines } from '../runtime/load-pipelines.ts';
import { audioRateHz, withOwnPaths } from '../runtime/senses.ts';

interface Finding {
  readonly what: string;
  readonly ok: boolean;
  readonly detail: string;
}

/** `edgebind check`. Exit code 0: all is well; 1: something is missing on this machine; 2: the config is wrong. */
export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('parse the config, open and verify the models, embed the rules, look for the devices; runs nothing')
    .argument('[config]', 'path of the config', 'config.yaml')
    .option('--json', 'findings as one JSON object')
    .addHelpText('after', '\nExample:\n  edgebind check site.yaml\n')
    .action(async (file: string, { json }: { json?: true }) => {
      const findings = await check(file);
      const ok = findings.every((finding) => finding.ok);
      if (json) process.stdout.write(`${JSON.stringify({ ok, findings })}\n`);
      else
        for (const { what, ok: good, detail } of findings)
          process.stdout.write(`${good ? 'ok  ' : 'FAIL'}  ${what}${detail ? `: ${detail}` : ''}\n`);
      if (!ok) process.exitCode = 1;
    });
}

async function check(file: string): Promise<Finding[]> {
  const loaded = loadConfig(file);
  const { config, folder, at } = loaded;
  const findings: Finding[] = [{ what: file, ok: true, detail: `${config.sources.length} sources, ${config.alerts.length} alerts` }];
  const bundle = await openBundle(findBundle(config.model, folder)).catch((error: unknown) => {
    throw placed(at(['model']), error);
  });
  checkSources(loaded, bundle);
  await loadPipelines(loaded);
  const encoders = await startEncoders(bundle, { ...encoderOptions(loaded), clock: hostClock, ledger: new Ledger(), log: silentLog });
  try {
    findings.push({
      what: `model ${bundle.dir}`,
      ok: true,
      detail: `space ${encoders.space.name} (${encoders.space.id}), ${encoders.space.dim} numbers; ${encoders.modalities.join(', ')}`,
    });
    if (config.fusion?.how === 'joint') findings.push(jointFusion(config, encoders.joint));
    for (const { id, query } of config.alerts) {
      // What it is to look like lies in the memory of a run.
      if (partsOf(query).some(({ part }) => part.event !== undefined || part.moment !== undefined))
        findings.push({ what: `alert ${id}`, ok: true, detail: 'its past moment is looked for when it runs' });
      else findings.push(await finding(`alert ${id}`, () => embedQuery(query, { encoders, folder, audioRateHz: audioRateHz(bundle) })));
    }
  } finally {
    await encoders.stop();
  }
  return [...findings, ...config.sources.map((source) => device(withOwnPaths(source, folder)))];
}

function jointFusion({ sources }: Config, joint: readonly string[]): Finding {
  const named = (isIn: boolean): string =>
    sources
      .filter(({ modality }) => joint.includes(modality) === isIn)
      .map(({ id }) => id)
      .join(', ');
  const others = named(false);
  return { what: 'joint fusion', ok: true, detail: `the fusion graph sees ${named(true)}${others && `, not ${others}`}` };
}

async function finding(what: string, step: () => Promise<unknown>): Promise<Finding> {
  try {
    await step();
    return { what, ok: true, detail: '' };
  } catch (error) {
    return { what, ok: false, detail: messageOf(error) };
  }
}

/** What can be said of a source without opening it: whether its device file or media file is there. */
function device({ id, from }: Config['sources'][number]): Finding {
  const what = `source ${id} (${from})`;
  const path = /^(?:v4l2|serial|file|mcap):([^?]+)/.exec(from)?.[1];
  if (path === undefined || existsSync(path)) return { what, ok: true, detail: path === undefined ? 'is looked for when it runs' : '' };
  return { what, ok: false, detail: `${path} is not there; \`edgebind devices\` lists what is` };
}

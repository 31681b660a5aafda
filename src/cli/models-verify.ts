import type { Command } from 'commander';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { openBundle, type Bundle } from '../encoders/bundle.ts';
import { tryBundle } from '../encoders/try-bundle.ts';
import type { Trial } from '../encoders/try-graphs.ts';
import { findBundle } from '../runtime/bundles.ts';
import { kernelWords } from '../runtime/kernel-words.ts';
import { trialCommand, type TrialOptions } from './trial-command.ts';

/** `edgebind models verify`. Exit codes 0: it can be trusted; 1: it cannot, with the reason; 2: there is no bundle. */
export function registerModelsVerify(models: Command): void {
  trialCommand(models, 'verify', 'check hashes, shapes, unit norm, golden vectors, that inputs differ in their vectors, and batches')
    .addHelpText('after', '\nExample:\n  edgebind models verify models/mini --provider cpu webgpu\n')
    .action(verify);
}

async function verify(name: string, { json, provider: providers, binding }: TrialOptions): Promise<void> {
  const dir = findBundle(name, process.cwd());
  const say = (line: string): void => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  const trials: Trial[] = [];
  let bundle: Bundle | undefined;
  let broken: EdgeBindError | undefined;
  try {
    bundle = await openBundle(dir);
    say(`${dir}: ${bundle.manifest.name} ${bundle.manifest.version}, space ${bundle.space.id}, hashes hold`);
    for await (const trial of tryBundle(bundle, { providers, binding, seconds: 0 })) {
      trials.push(trial);
      say(row(trial));
    }
  } catch (error) {
    // What is wrong with the bundle is the answer here, no failure to answer. That there is none is.
    if (!(error instanceof EdgeBindError) || error.code === 'BUNDLE_MISSING' || error.code === 'ORT_UNAVAILABLE') throw error;
    broken = error;
    say(`FAIL  ${error.code}: ${messageOf(error)}`);
  }
  const isOk = !broken && trials.every((trial) => trial.isOk);
  const why = broken && { code: broken.code, reason: broken.message };
  if (json) process.stdout.write(`${JSON.stringify({ ok: isOk, dir, space: bundle?.space, ...why, graphs: trials.map(trialJson) })}\n`);
  if (!isOk) process.exitCode = 1;
}

function row({ modality, provider, code, reason, measured }: Trial): string {
  const named = `${modality.padEnd(8)} ${provider.padEnd(8)}`;
  if (!measured) return `FAIL  ${named} ${code}: ${reason}`;
  const { goldenCosines, spread, batchError } = measured.trust;
  const golden = goldenCosines.length > 0 ? `golden ${Math.min(...goldenCosines).toFixed(6)}` : 'no golden vectors';
  const batch = Number.isNaN(batchError) ? 'one at a time' : `batch differs by ${batchError.toExponential(1)}`;
  const speed = `${measured.callMs.toFixed(1)} ms, ${measured.rssMiB.toFixed(0)} MiB`;
  return `ok    ${named} ${golden}, inputs ${spread.toFixed(3)} apart, ${batch}, ${speed}, ${kernelWords(measured.kernels)}`;
}

function trialJson({ modality, provider, isOk, code, reason, measured }: Trial): object {
  if (!measured) return { modality, provider, ok: isOk, code, reason };
  const { trust, ...speed } = measured;
  // JSON knows no NaN: a graph that takes no batch has no difference.
  const batchError = Number.isFinite(trust.batchError) ? trust.batchError : null;
  return { modality, provider, ok: isOk, ...trust, batchError, ...speed };
}

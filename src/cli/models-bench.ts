import type { Command } from 'commander';
import { openBundle } from '../encoders/bundle.ts';
import { tryBundle } from '../encoders/try-bundle.ts';
import type { Trial } from '../encoders/try-graphs.ts';
import { findBundle } from '../runtime/bundles.ts';
import { kernelWords } from '../runtime/kernel-words.ts';
import { trialCommand, type TrialOptions } from './trial-command.ts';

interface BenchOptions extends TrialOptions {
  readonly seconds: number;
}

/** `edgebind models bench`. Exit codes 0: measured; 1: a graph could not be; 2: no bundle, or a broken one. */
export function registerModelsBench(models: Command): void {
  trialCommand(models, 'bench', 'ms per call, load time and memory of each modality, one thread, each in a process of its own')
    .option('--seconds <n>', 'how long each graph is called', Number, 2)
    .addHelpText('after', '\nExample:\n  edgebind models bench models/mini --provider cpu webgpu --seconds 5\n')
    .action(bench);
}

async function bench(name: string, { json, provider: providers, seconds, binding }: BenchOptions): Promise<void> {
  const bundle = await openBundle(findBundle(name, process.cwd()));
  if (!json) process.stdout.write('modality  provider   load ms  first ms   call ms    p99 ms       MiB  ran\n');
  const trials: Trial[] = [];
  for await (const trial of tryBundle(bundle, { providers, seconds, binding })) {
    trials.push(trial);
    if (!json) process.stdout.write(`${row(trial)}\n`);
  }
  const graphs = trials.map(({ modality, provider, isOk, code, reason, measured }) => {
    if (!measured) return { modality, provider, ok: isOk, code, reason };
    const { trust: _, ...speed } = measured;
    return { modality, provider, ok: isOk, ...speed };
  });
  if (json) process.stdout.write(`${JSON.stringify({ dir: bundle.dir, space: bundle.space, graphs })}\n`);
  if (trials.some((trial) => !trial.isOk)) process.exitCode = 1;
}

function row({ modality, provider, code, reason, measured }: Trial): string {
  const named = `${modality.padEnd(9)} ${provider.padEnd(8)}`;
  if (!measured) return `${named} ${code}: ${reason}`;
  const { loadMs, firstMs, callMs, p99Ms, rssMiB, kernels } = measured;
  const numbers = [loadMs, firstMs, callMs, p99Ms, rssMiB].map((value) => value.toFixed(2).padStart(9));
  return `${named} ${numbers.join(' ')}  ${kernelWords(kernels)}`;
}

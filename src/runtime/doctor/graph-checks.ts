import type { Trial } from '../../encoders/try-graphs.ts';
import { kernelWords } from '../kernel-words.ts';
import type { Finding } from './finding.ts';

/**
 * Which provider really runs one graph.
 *
 * @param trials of this graph, on each of the config's providers, in the config's order
 */
export function graphCheck(modality: string, trials: readonly Trial[]): Finding {
  const check = `model ${modality}`;
  const won = trials.find(({ measured }) => measured);
  if (!won?.measured) {
    const todo =
      trials.length === 1 && trials[0]?.provider !== 'cpu'
        ? 'add cpu to encoders.providers, or see what the provider lacks'
        : '`edgebind models verify` says more of the bundle';
    return { check, status: 'fail', found: trials.map(refusal).join('; ') || 'no provider was tried', todo };
  }
  const before = trials.slice(0, trials.indexOf(won));
  const after = trials.slice(before.length + 1).map((trial) => (trial.measured ? speed(trial) : refusal(trial)));
  const found = [speed(won), ...before.map(refusal), ...after].join('; ');
  const faster = trials.find(({ measured }) => measured && won.measured && measured.callMs < won.measured.callMs);
  const onCpu = shareOnCpu(won);
  if (before.length > 0)
    return {
      check,
      status: 'warning',
      found,
      todo: `${before.map(({ provider }) => provider).join(' and ')}: make it work, or take it out`,
    };
  if (won.provider !== 'cpu' && onCpu > 0.5)
    return { check, status: 'warning', found, todo: `most of the graph falls back to the CPU: put cpu before ${won.provider}` };
  if (faster) return { check, status: 'warning', found, todo: `${faster.provider} is faster here: put it first in encoders.providers` };
  return { check, status: 'ok', found };
}

/** A provider that nobody asked for, tried on one graph. That it is not there is no fault. */
export const otherProvider = (trial: Trial): Finding => ({
  check: `provider ${trial.provider}`,
  status: 'ok',
  found: trial.measured
    ? `not asked for; would run ${trial.modality}: ${speed(trial)}`
    : `not asked for, and would not run ${trial.modality}: ${reasonOf(trial)}`,
});

const shareOnCpu = ({ measured }: Trial): number => {
  const counts = Object.entries(measured?.kernels ?? {});
  const all = counts.reduce((sum, [, count]) => sum + count, 0);
  return all === 0 ? 0 : (measured?.kernels['CPUExecutionProvider'] ?? 0) / all;
};

function speed({ provider, measured }: Trial): string {
  if (!measured) return provider;
  const { callMs, loadMs, kernels } = measured;
  return `${provider} ${callMs.toFixed(1)} ms a call, loaded in ${loadMs.toFixed(0)} ms, ${kernelWords(kernels)}`;
}

const refusal = (trial: Trial): string => `${trial.provider} refuses: ${reasonOf(trial)}`;

/** onnxruntime's reasons run over many lines, and the first says it; which graph it is about the row says. */
const reasonOf = ({ reason, code }: Trial): string =>
  (reason.split('\n')[0] ?? '').replace(/^\w+ does not load .*?\.onnx: /, '').slice(0, 300) || code;

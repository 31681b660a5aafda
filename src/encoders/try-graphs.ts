import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { GraphPlan } from './graph-plan.ts';
import type { Measurement } from './measure-graph.ts';
import { workerUrl } from './owned-worker.ts';
import type { TrialAnswer, TrialRequest } from './trial-worker.ts';

/** How one graph did on one provider. */
export interface Trial {
  readonly modality: string;
  readonly provider: string;
  readonly isOk: boolean;
  /** Code of the error that ended it; empty where all is well. */
  readonly code: string;
  /** Why not; empty where all is well. */
  readonly reason: string;
  readonly measured?: Measurement;
}

export interface TryGraphsOptions {
  /** Each is tried alone. */
  readonly providers: readonly string[];
  /** How long each graph is called on each provider. */
  readonly seconds: number;
  /** Another build of onnxruntime than the package's; see `loadOrt`. */
  readonly binding?: string | undefined;
  /** The bundle's fusion graph: graphs of tokens are judged by what it makes of them. */
  readonly fusion?: GraphPlan | undefined;
}

/** A graph that takes longer to load and to run than this is given up; TensorRT builds engines for minutes. */
const LIMIT_MS = 600_000;

/** Tries each graph on each provider, one after the other, each time in a process of its own. */
export async function* tryGraphs(
  plans: readonly GraphPlan[],
  { providers, seconds, binding, fusion }: TryGraphsOptions,
): AsyncGenerator<Trial> {
  for (const plan of plans) {
    for (const provider of providers) {
      const answer = await tryOne({ plan, fusion: plan.tokens && fusion, provider, seconds, binding });
      const named = { modality: plan.key, provider };
      if ('measured' in answer) yield { ...named, isOk: true, code: '', reason: '', measured: answer.measured };
      else yield { ...named, isOk: false, code: answer.code, reason: answer.message };
    }
  }
}

function tryOne(request: TrialRequest): Promise<TrialAnswer> {
  const child = fork(fileURLToPath(workerUrl('trial-worker')), {
    // Drivers that are not there write to stderr, whatever the log level: what counts comes back as the reason.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
    serialization: 'advanced',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  return new Promise((resolve, reject) => {
    child.once('message', (answer) => resolve(answer as TrialAnswer));
    child.once('error', reject);
    // After the last message, unlike `exit`.
    child.once('close', (code, signal) => {
      const message = `${request.provider} ended its process with ${signal ?? `code ${code ?? '?'}`} while it tried ${request.plan.path}`;
      resolve({ code: 'PROVIDER_CRASHED', message });
    });
    child.send(request);
  });
}

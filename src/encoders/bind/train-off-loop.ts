import { EdgeBindError } from '../../core/errors.ts';
import { OwnedWorker } from '../owned-worker.ts';
import type { PairRows, TrainedHead, TrainOptions, TrainProgress } from './train-head.ts';
import type { FromBindWorker, ToBindWorker } from './worker-messages.ts';

/**
 * `trainHead` in a thread of its own.
 *
 * @param signal ends the training after the step that runs
 * @throws EdgeBindError `BIND_FAILED`, `BIND_STOPPED`
 */
export async function trainOffLoop(
  train: PairRows,
  validation: PairRows,
  options: TrainOptions,
  onProgress: (progress: TrainProgress) => void,
  signal?: AbortSignal,
): Promise<TrainedHead> {
  let worker: OwnedWorker<ToBindWorker, FromBindWorker> | undefined;
  try {
    return await new Promise<TrainedHead>((resolve, reject) => {
      worker = new OwnedWorker<ToBindWorker, FromBindWorker>('bind-worker', {
        message: (message) => {
          if (message.kind === 'progress') onProgress(message.progress);
          else if (message.kind === 'trained') resolve(message.trained);
          else reject(new EdgeBindError(message.code, `training failed: ${message.message}`));
        },
        lost: (reason) => reject(new EdgeBindError('BIND_FAILED', `the training thread ended: ${reason}`)),
      });
      const stopped = (): void => reject(new EdgeBindError('BIND_STOPPED', 'the training was stopped; nothing was written'));
      if (signal?.aborted) stopped();
      signal?.addEventListener('abort', stopped, { once: true });
      worker.post({ kind: 'train', train, validation, options });
    });
  } finally {
    await worker?.stop({ kind: 'stop' });
  }
}

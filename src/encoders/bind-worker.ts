/** A thread that trains the head of a new sensor, so that live streams do not wait for it. */
import { parentPort } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { trainHead } from './bind/train-head.ts';
import type { FromBindWorker, ToBindWorker } from './bind/worker-messages.ts';
import { loadOrt } from './load-ort.ts';

const port = parentPort;
if (!port) throw new Error('bind-worker runs as a worker thread only');

const say = (message: FromBindWorker): void => port.postMessage(message);
let isStopping = false;

port.on('message', (message: ToBindWorker) => {
  if (message.kind === 'train') void train(message);
  else {
    isStopping = true;
    port.close();
  }
});

async function train({ train, validation, options }: Extract<ToBindWorker, { kind: 'train' }>): Promise<void> {
  try {
    const trained = await trainHead(await loadOrt(), train, validation, options, async (progress) => {
      say({ kind: 'progress', progress });
      // A step blocks the thread: between two of them a wish to stop must be heard.
      await new Promise((resolve) => setImmediate(resolve));
      if (isStopping) throw new EdgeBindError('BIND_STOPPED', 'the training was stopped');
    });
    say({ kind: 'trained', trained });
  } catch (error) {
    if (!isStopping) say({ kind: 'failed', code: error instanceof EdgeBindError ? error.code : 'BIND_FAILED', message: messageOf(error) });
  }
}

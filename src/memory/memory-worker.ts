/** The memory's thread: everything that touches its files, and every search through them. */
import { parentPort, workerData } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { MemoryStore } from './memory-store.ts';
import type { FromMemoryWorker, MemoryWorkerData, ToMemoryWorker } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('memory-worker runs as a worker thread only');

const { dir, limits } = workerData as MemoryWorkerData;
const store = new MemoryStore(dir, limits);
const say = (message: FromMemoryWorker): void => port.postMessage(message);
say({ kind: 'opened', unreadable: store.unreadable, windows: store.windows, bytes: store.bytes });

function answer(id: number, work: () => FromMemoryWorker): void {
  try {
    say(work());
  } catch (error) {
    say({ kind: 'failed', id, code: error instanceof EdgeBindError ? error.code : 'SEARCH_FAILED', message: messageOf(error) });
  }
}

port.on('message', (message: ToMemoryWorker) => {
  switch (message.kind) {
    case 'append': {
      let reason = '';
      try {
        store.append(message.windows);
      } catch (error) {
        reason = messageOf(error);
      }
      say({ kind: 'appended', reason, windows: store.windows, bytes: store.bytes });
      return;
    }
    case 'search':
      answer(message.id, () => ({ kind: 'found', id: message.id, answer: store.search(message.query) }));
      return;
    case 'score':
      answer(message.id, () => ({ kind: 'scored', id: message.id, past: store.scores(message.space, message.vector, message.sinceUs) }));
      return;
    case 'stop':
      store.close();
      port.close();
      return;
    default:
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
});

/** The memory's thread: everything that touches its files, and every search through them. */
import { parentPort, workerData } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { MemoryStore } from './memory-store.ts';
import { removeHalfSealed } from './seal-segment.ts';
import type { FromMemoryWorker, MemoryWorkerData, ToMemoryWorker } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('memory-worker runs as a worker thread only');

/** Sealing works for so many ms, then rests for as long: others need the cores, too. */
const SLICE_MS = 10;

const { dir, limits } = workerData as MemoryWorkerData;
removeHalfSealed(dir);
const store = new MemoryStore(dir, limits);
const say = (message: FromMemoryWorker): void => port.postMessage(message);
say({ kind: 'opened', unreadable: store.unreadable, totals: store.totals });

let sealing: NodeJS.Timeout | undefined;
const sealSoon = (): void => void (sealing ??= setTimeout(seal, SLICE_MS));
sealSoon();

/** What is asked or remembered meanwhile comes between two slices. */
function seal(): void {
  sealing = undefined;
  const { indexed } = store.totals;
  let reason = '';
  try {
    if (store.seal(SLICE_MS)) sealSoon();
  } catch (error) {
    reason = messageOf(error);
    sealSoon();
  }
  if (reason || store.totals.indexed !== indexed) say({ kind: 'sealed', reason, totals: store.totals });
}

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
      say({ kind: 'appended', reason, totals: store.totals });
      sealSoon();
      return;
    }
    case 'search':
      answer(message.id, () => ({ kind: 'found', id: message.id, answer: store.search(message.query) }));
      // A search may have found damage.
      sealSoon();
      return;
    case 'score':
      answer(message.id, () => ({ kind: 'scored', id: message.id, past: store.scores(message.space, message.vector, message.sinceUs) }));
      return;
    case 'moment':
      answer(message.id, () => ({ kind: 'moment', id: message.id, found: store.moment(message.source, message.timeUs) }));
      return;
    case 'stop':
      clearTimeout(sealing);
      store.close();
      port.close();
      return;
    default:
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
});

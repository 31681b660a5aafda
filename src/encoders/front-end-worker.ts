/** A thread that turns pictures, sound and text into the inputs of graphs, so that the event loop does not have to. */
import { parentPort } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { EncoderModality } from '../core/types.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { buffersOf, prepareItem, refusalOf, type FrontEndUse } from './prepare-item.ts';
import type { FromFrontEndWorker, FrontEndPlan, ToFrontEndWorker } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('front-end-worker runs as a worker thread only');

const say = (message: FromFrontEndWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

const uses = new Map<EncoderModality, FrontEndUse>();

port.on('message', (message: ToFrontEndWorker) => {
  switch (message.kind) {
    case 'open':
      void open(message.plans);
      return;
    case 'prepare':
      void prepare(message);
      return;
    case 'stop':
      port.close();
      return;
    default:
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
});

async function open(plans: readonly FrontEndPlan[]): Promise<void> {
  try {
    for (const plan of plans) {
      const tokenizer =
        plan.tokenizer === undefined
          ? undefined
          : await loadTokenizer(plan.tokenizer, plan.frontEnd.kind === 'text' ? plan.frontEnd.maxLength : undefined);
      uses.set(plan.modality, { plan, ...(tokenizer && { tokenizer }) });
    }
    say({ kind: 'opened' });
  } catch (error) {
    say({ kind: 'refused', code: error instanceof EdgeBindError ? error.code : 'BAD_FRONT_END', message: messageOf(error) });
  }
}

async function prepare({ id, graph, raw, spare }: Extract<ToFrontEndWorker, { kind: 'prepare' }>): Promise<void> {
  const start = performance.now();
  try {
    const use = uses.get(graph);
    if (!use) throw new Error(`no front end for ${graph}`);
    const item = await prepareItem(use, raw, spare);
    say({ kind: 'prepared', id, item, ms: performance.now() - start }, buffersOf(item));
  } catch (error) {
    say({ kind: 'failed', id, reason: refusalOf(error), message: messageOf(error) });
  }
}

/** A thread that turns pictures, sound and text into the inputs of graphs, so that the event loop does not have to. */
import { parentPort } from 'node:worker_threads';
import { EdgeBindError, messageOf, PayloadError } from '../core/errors.ts';
import type { EncoderModality, Tensor } from '../core/types.ts';
import { logMelBatch } from '../frontends/log-mel.ts';
import { pictureTensor } from '../frontends/picture-tensor.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import type { Feed, GraphItem } from './graph-plan.ts';
import type { RawInput } from './job.ts';
import type { FromFrontEndWorker, FrontEndPlan, ToFrontEndWorker } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('front-end-worker runs as a worker thread only');

const say = (message: FromFrontEndWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);

interface FrontEndUse {
  readonly plan: FrontEndPlan;
  readonly tokenizer?: Awaited<ReturnType<typeof loadTokenizer>>;
}

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
    const item = await itemOf(use, raw, spare);
    const buffers = item.map(({ data }) => data.buffer).filter((buffer) => buffer instanceof ArrayBuffer);
    say({ kind: 'prepared', id, item, ms: performance.now() - start }, buffers);
  } catch (error) {
    say({ kind: 'failed', id, reason: error instanceof PayloadError ? reasonOf(error.code) : 'frontEndFailed', message: messageOf(error) });
  }
}

async function itemOf({ plan, tokenizer }: FrontEndUse, raw: RawInput, spare: ArrayBuffer | undefined): Promise<GraphItem> {
  switch (raw.kind) {
    case 'picture':
      return tensorItem(plan, await pictureTensor(raw.picture, plan.frontEnd, spare));
    case 'sound':
      return tensorItem(plan, logMelBatch(raw.sound, plan.frontEnd));
    case 'text':
      return textItem(plan, tokenizer?.encode(raw.text) ?? []);
  }
}

function tensorItem({ modality, input }: FrontEndPlan, { shape, data }: Tensor): GraphItem {
  const dims = input.shape ?? shape;
  if (data.length !== dims.reduce((product, size) => product * size, 1)) {
    throw new PayloadError('BAD_SHAPE', `the ${modality} front end made [${shape.join(', ')}], the graph wants [${dims.join(', ')}]`);
  }
  return [{ name: input.name, dims, data: data.byteLength === data.buffer.byteLength ? data : data.slice() }];
}

function textItem({ input, frontEnd }: FrontEndPlan, ids: readonly number[]): GraphItem {
  const { padId, maxLength } = frontEnd.kind === 'text' ? frontEnd : { maxLength: 0 };
  const length = padId === undefined ? ids.length : maxLength;
  const feed = (name: string, value: (i: number) => number): Feed => ({
    name,
    dims: [length],
    data:
      input.dtype === 'int64'
        ? BigInt64Array.from({ length }, (_, i) => BigInt(value(i)))
        : Int32Array.from({ length }, (_, i) => value(i)),
  });
  const item = [feed(input.name, (i) => ids[i] ?? padId ?? 0)];
  if (input.mask !== undefined) item.push(feed(input.mask, (i) => (i < ids.length ? 1 : 0)));
  return item;
}

/** `BAD_PICTURE` -> `badPicture`: the ledger's reasons are camelCase words. */
const reasonOf = (code: string): string => code.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

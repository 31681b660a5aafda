/** A thread that owns inference sessions. It ends by itself when told to stop: killing it inside a call would abort the process. */
import { parentPort } from 'node:worker_threads';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { FUSION } from './fusion-item.ts';
import { giveBackMemory } from './give-back-memory.ts';
import type { GraphItem, OpenedGraph } from './graph-plan.ts';
import type { GraphSession } from './graph-session.ts';
import { loadOrt } from './load-ort.ts';
import { buffersOf, prepareItem, refusalOf } from './prepare-item.ts';
import { climbLadder } from './provider-ladder.ts';
import type { FromInferenceWorker, FrontEndPlan, Prepared, ToInferenceWorker } from './worker-messages.ts';

const port = parentPort;
if (!port) throw new Error('inference-worker runs as a worker thread only');

const say = (message: FromInferenceWorker, transfer: ArrayBuffer[] = []): void => port.postMessage(message, transfer);
const sessions = new Map<string, GraphSession>();
const frontEnds = new Map<string, FrontEndPlan>();
/** Messages are handled one after the other: `session.run` blocks this thread anyway. */
let last = Promise.resolve();
port.on('message', (message: ToInferenceWorker) => {
  last = last.then(() => handle(message));
});

async function handle(message: ToInferenceWorker): Promise<void> {
  switch (message.kind) {
    case 'open':
      return open(message);
    case 'run':
      return run(message.graph, message.items);
    case 'runRaw':
      return runRaw(message);
    case 'stop':
      for (const session of new Set(sessions.values())) await session.release();
      port?.close();
      return;
    default:
      // A promise that is rejected here ends the thread: the pool sees a crash and replaces it.
      throw new Error(`unknown message ${JSON.stringify(message)}`);
  }
}

async function open({ plans, frontEnds: fronts, threads, binding }: Extract<ToInferenceWorker, { kind: 'open' }>): Promise<void> {
  try {
    for (const plan of fronts) frontEnds.set(plan.modality, plan);
    const ort = await loadOrt(binding);
    const graphs: OpenedGraph[] = [];
    const shared = new Map<string, OpenedGraph>();
    for (const plan of plans) {
      // Modalities that share a graph share its session and its memory.
      const same = JSON.stringify([
        plan.path,
        plan.output,
        plan.stages,
        plan.tokens,
        plan.confidence,
        plan.probes[0]?.map(({ name, dims }) => [name, dims]),
      ]);
      const twin = shared.get(same);
      const session = twin && sessions.get(twin.key);
      if (twin && session) {
        sessions.set(plan.key, session);
        graphs.push({ ...twin, key: plan.key });
        continue;
      }
      const climbed = await climbLadder(ort, plan, threads, sessions.get(FUSION));
      sessions.set(plan.key, climbed.session);
      shared.set(same, climbed.opened);
      graphs.push(climbed.opened);
    }
    giveBackMemory();
    say({ kind: 'opened', graphs });
  } catch (error) {
    say({ kind: 'refused', code: error instanceof EdgeBindError ? error.code : 'MODEL_REFUSED', message: messageOf(error) });
  }
}

async function runRaw({ graph, raw, spare }: Extract<ToInferenceWorker, { kind: 'runRaw' }>): Promise<void> {
  const start = performance.now();
  let item: GraphItem;
  try {
    const plan = frontEnds.get(graph);
    if (!plan) throw new Error(`no front end for ${graph}`);
    item = await prepareItem({ plan }, raw, spare);
  } catch (error) {
    say({ kind: 'failed', reason: refusalOf(error), message: messageOf(error) });
    return;
  }
  await run(graph, [item], { item, ms: performance.now() - start });
}

async function run(graph: string, items: readonly GraphItem[], prepared?: Prepared): Promise<void> {
  const start = performance.now();
  try {
    const session = sessions.get(graph);
    if (!session) throw new Error(`no graph "${graph}"`);
    const vectors = await session.run(items);
    // onnxruntime's output owns its buffer here, but nothing promises that: a view of a larger one must not be given away.
    const own = vectors.byteLength === vectors.buffer.byteLength && vectors.buffer instanceof ArrayBuffer ? vectors : vectors.slice();
    const spent = [...new Set(items.flatMap(buffersOf))];
    const ms = performance.now() - start;
    say({ kind: 'ran', vectors: own, ms, spent, ...(prepared && { prepared }) }, [own.buffer as ArrayBuffer, ...spent]);
  } catch (error) {
    say({ kind: 'failed', message: messageOf(error) });
  }
}

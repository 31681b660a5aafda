import type { InferenceSession } from 'onnxruntime-node';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { Feed, GraphItem, GraphPlan, SessionThreads } from './graph-plan.ts';
import type { Ort } from './load-ort.ts';

/** One graph on one execution provider. `run` blocks the thread that it is called on: for workers and command-line tools only. */
export class GraphSession {
  readonly #ort: Ort;
  readonly #session: InferenceSession;
  readonly #output: string;
  readonly #dim: number;

  private constructor(ort: Ort, session: InferenceSession, { output, dim }: GraphPlan) {
    this.#ort = ort;
    this.#session = session;
    this.#output = output;
    this.#dim = dim;
  }

  /**
   * Loads a graph on exactly one provider. A list would not fall back: onnxruntime throws for `['cuda', 'cpu']` without CUDA, and
   * drops unknown names silently.
   *
   * @param profile where onnxruntime writes down each kernel that runs: the beginning of a file's path
   * @throws EdgeBindError `PROVIDER_REFUSED` with onnxruntime's own words, `MODEL_SHAPE_MISMATCH` where the graph's inputs and outputs
   *   are not those of the plan
   */
  static async open(ort: Ort, plan: GraphPlan, provider: string, threads: SessionThreads, profile?: string): Promise<GraphSession> {
    const session = await ort.InferenceSession.create(plan.path, {
      executionProviders: [provider],
      intraOpNumThreads: threads.intraOp,
      interOpNumThreads: threads.interOp,
      logSeverityLevel: 3,
      // Threads that spin while they wait would take the cores of decoders and of the event loop.
      extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
      ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: profile }),
    }).catch((cause: unknown) => {
      throw new EdgeBindError('PROVIDER_REFUSED', `${provider} does not load ${plan.path}: ${plain(messageOf(cause))}`, { cause });
    });
    try {
      checkShapes(session, plan);
    } catch (error) {
      await session.release();
      throw error;
    }
    return new GraphSession(ort, session, plan);
  }

  /** Vectors of the items, one after the other in one array. All items must have the same dims. */
  async run(items: readonly GraphItem[]): Promise<Float32Array> {
    const feeds: Record<string, InstanceType<Ort['Tensor']>> = {};
    for (const [i, { name, dims }] of (items[0] ?? []).entries()) {
      const data = joined(items.flatMap((item) => item[i] ?? []));
      feeds[name] = this.#tensor(data, [items.length, ...dims]);
    }
    const { [this.#output]: output } = await this.#session.run(feeds, [this.#output]);
    const length = items.length * this.#dim;
    if (!output || !(output.data instanceof Float32Array) || output.data.length !== length) {
      const got = output ? `${output.type} [${output.dims.join(', ')}]` : 'nothing';
      throw new EdgeBindError('MODEL_SHAPE_MISMATCH', `output "${this.#output}" is ${got}, wanted float32 [${items.length}, ${this.#dim}]`);
    }
    return output.data;
  }

  /** Ends the profile that `open` began: its file is whole then. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  release(): Promise<void> {
    return this.#session.release();
  }

  #tensor(data: Feed['data'], dims: number[]): InstanceType<Ort['Tensor']> {
    if (data instanceof Float32Array) return new this.#ort.Tensor('float32', data, dims);
    return data instanceof BigInt64Array ? new this.#ort.Tensor('int64', data, dims) : new this.#ort.Tensor('int32', data, dims);
  }
}

/** onnxruntime's words on one line, without the C++ condition that was false. */
const plain = (message: string): string =>
  message
    .replace(/\s+/g, ' ')
    .replace(/^\S+\.cc:\d+ .* was false\. /, '')
    .trim();

/** One array with the data of all feeds; without a copy where there is only one. */
function joined(feeds: readonly Feed[]): Feed['data'] {
  const first = feeds[0]?.data ?? new Float32Array(0);
  if (feeds.length < 2) return first;
  const length = first.length;
  if (first instanceof BigInt64Array) {
    const all = new BigInt64Array(length * feeds.length);
    for (const [i, { data }] of feeds.entries()) if (data instanceof BigInt64Array) all.set(data, i * length);
    return all;
  }
  const all = first instanceof Float32Array ? new Float32Array(length * feeds.length) : new Int32Array(length * feeds.length);
  for (const [i, { data }] of feeds.entries()) if (!(data instanceof BigInt64Array)) all.set(data, i * length);
  return all;
}

function checkShapes(session: InferenceSession, { path, probes, output, dim }: GraphPlan): void {
  const wrong = (what: string): EdgeBindError =>
    new EdgeBindError('MODEL_SHAPE_MISMATCH', `${path}: ${what}; correct the manifest, or export the graph again`);
  const feeds = probes[0] ?? [];
  for (const { name, dims, data } of feeds) {
    const found = session.inputMetadata.find((input) => input.name === name);
    if (!found?.isTensor) throw wrong(`has no input "${name}" (it has ${session.inputNames.join(', ')})`);
    const wanted = ['batch', ...dims];
    // Symbolic sizes (strings, or -1) take any value.
    const fits =
      found.shape.length === wanted.length &&
      found.shape.every((size, i) => i === 0 || typeof size === 'string' || size < 0 || size === wanted[i]);
    if (!fits) throw wrong(`input "${name}" has shape [${found.shape.join(', ')}], the manifest says [${wanted.join(', ')}]`);
    const type = data instanceof Float32Array ? 'float32' : data instanceof BigInt64Array ? 'int64' : 'int32';
    if (found.type !== type) throw wrong(`input "${name}" is ${found.type}, the manifest says ${type}`);
  }
  const missing = session.inputNames.filter((name) => !feeds.some((feed) => feed.name === name));
  if (missing.length > 0) throw wrong(`needs input ${missing.map((name) => `"${name}"`).join(', ')}, which the manifest does not name`);
  const found = session.outputMetadata.find(({ name }) => name === output);
  if (!found?.isTensor) throw wrong(`has no output "${output}" (it has ${session.outputNames.join(', ')})`);
  const last = found.shape.at(-1);
  if (found.type !== 'float32' || found.shape.length !== 2 || (typeof last === 'number' && last >= 0 && last !== dim)) {
    throw wrong(`output "${output}" is ${found.type} [${found.shape.join(', ')}], the manifest says float32 [batch, ${dim}]`);
  }
}

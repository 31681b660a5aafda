import type { InferenceSession } from 'onnxruntime-node';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import { FIRST_GRAPH, type Feed, type GraphItem, type GraphPlan, type SessionThreads, type StagePlan } from './graph-plan.ts';
import { packAnswers } from './answer.ts';
import { checkInputs, checkStage, outputOf } from './graph-shapes.ts';
import type { Ort } from './load-ort.ts';
import { packTokens } from './window-tokens.ts';

type OrtTensor = InstanceType<Ort['Tensor']>;

/** One graph of a chain. */
interface Link {
  readonly session: InferenceSession;
  readonly stage: StagePlan;
}

/**
 * The graphs of one modality, or the fusion graph, on one execution provider. What one graph gives goes to the next as it is, without
 * leaving the thread. `run` blocks the thread that it is called on: for workers and command-line tools only.
 */
export class GraphSession {
  readonly #ort: Ort;
  readonly #links: readonly Link[];
  readonly #plan: GraphPlan;

  private constructor(ort: Ort, links: readonly Link[], plan: GraphPlan) {
    this.#ort = ort;
    this.#links = links;
    this.#plan = plan;
  }

  /**
   * Loads a plan's graphs on exactly one provider. A list would not fall back: onnxruntime throws for `['cuda', 'cpu']` without CUDA,
   * and drops unknown names silently.
   *
   * @param profile where onnxruntime writes down each kernel that runs: the beginning of the files' paths
   * @throws EdgeBindError `PROVIDER_REFUSED` with onnxruntime's own words, `MODEL_SHAPE_MISMATCH` where a graph's inputs and outputs
   *   are not those of the plan, or of the graphs before it
   */
  static async open(ort: Ort, plan: GraphPlan, provider: string, threads: SessionThreads, profile?: string): Promise<GraphSession> {
    const links: Link[] = [];
    try {
      for (const stage of [{ name: FIRST_GRAPH, path: plan.path, inputs: {}, output: plan.output }, ...(plan.stages ?? [])]) {
        const session = await ort.InferenceSession.create(stage.path, {
          executionProviders: [provider],
          intraOpNumThreads: threads.intraOp,
          interOpNumThreads: threads.interOp,
          logSeverityLevel: 3,
          // Threads that spin while they wait would take the cores of decoders and of the event loop.
          extra: { session: { intra_op: { allow_spinning: '0' }, inter_op: { allow_spinning: '0' } } },
          ...(profile !== undefined && { enableProfiling: true, profileFilePrefix: `${profile}-${links.length}` }),
        }).catch((cause: unknown) => {
          throw new EdgeBindError('PROVIDER_REFUSED', `${provider} does not load ${stage.path}: ${plain(messageOf(cause))}`, { cause });
        });
        links.push({ session, stage });
      }
      checkShapes(links, plan);
    } catch (error) {
      for (const { session } of links) await session.release();
      throw error;
    }
    return new GraphSession(ort, links, plan);
  }

  /**
   * What the last graph answers to the items, one after the other in one array: vectors, vectors and how sure they are (`packAnswers`), or
   * tokens and their mask (`windowTokens`).
   * All items must have the same dims.
   */
  async run(items: readonly GraphItem[]): Promise<Float32Array> {
    const feeds: Record<string, OrtTensor> = {};
    for (const [i, { name, dims }] of (items[0] ?? []).entries()) {
      const data = joined(items.flatMap((item) => item[i] ?? []));
      feeds[name] = this.#tensor(data, [items.length, ...dims]);
    }
    const { dim, tokens, confidence } = this.#plan;
    const given = new Map<string, OrtTensor>();
    const beside = tokens?.mask ?? confidence;
    let second: OrtTensor | undefined;
    for (const [at, { session, stage }] of this.#links.entries()) {
      const isLast = at === this.#links.length - 1;
      const wanted = isLast && beside !== undefined ? [stage.output, beside] : [stage.output];
      const outputs = await session.run(at === 0 ? feeds : taken(stage, given), wanted).catch((cause: unknown) => {
        throw at === 0 ? cause : new Error(`stage "${stage.name}": ${messageOf(cause)}`, { cause });
      });
      const output = outputs[stage.output];
      if (output) given.set(stage.name, output);
      if (isLast && beside !== undefined) second = outputs[beside];
    }
    const last = this.#links.at(-1)?.stage;
    const output = given.get(last?.name ?? '');
    const shape = tokens ? [items.length, tokens.perWindow, tokens.width] : [items.length, dim];
    const values = floats(output, last?.output ?? '', shape);
    if (tokens?.mask !== undefined) return packTokens(values, floats(second, tokens.mask, [items.length, tokens.perWindow]), tokens);
    return confidence === undefined ? values : packAnswers(values, floats(second, confidence, [items.length]));
  }

  /** Ends the profiles that `open` began: their files are whole then. */
  endProfiling(): void {
    for (const { session } of this.#links) session.endProfiling();
  }

  async release(): Promise<void> {
    for (const { session } of this.#links) await session.release();
  }

  #tensor(data: Feed['data'], dims: number[]): OrtTensor {
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

const taken = ({ inputs }: StagePlan, given: ReadonlyMap<string, OrtTensor>): Record<string, OrtTensor> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, from]) => {
      const tensor = given.get(from);
      if (!tensor) throw new RangeError(`stage "${from}" gave nothing`);
      return [name, tensor];
    }),
  );

/** An output's numbers. Only their count is checked: a shape may have axes of 1 that mean nothing. */
function floats(output: OrtTensor | undefined, name: string, wanted: readonly number[]): Float32Array {
  if (output?.data instanceof Float32Array && output.data.length === wanted.reduce((product, size) => product * size, 1))
    return output.data;
  const got = output ? `${output.type} [${output.dims.join(', ')}]` : 'nothing';
  throw new EdgeBindError('MODEL_SHAPE_MISMATCH', `output "${name}" is ${got}, wanted float32 [${wanted.join(', ')}]`);
}

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

function checkShapes(links: readonly Link[], plan: GraphPlan): void {
  const given = new Map<string, ReturnType<typeof outputOf>>();
  for (const [at, { session, stage }] of links.entries()) {
    if (at === 0) checkInputs(session, plan);
    else checkStage(session, stage, given);
    const isLast = at === links.length - 1;
    const { tokens } = plan;
    const wanted = tokens ? ['batch', tokens.perWindow, tokens.width] : ['batch', plan.dim];
    given.set(stage.name, outputOf(session, stage.output, stage.path, isLast ? wanted : undefined));
    if (isLast && tokens?.mask !== undefined) outputOf(session, tokens.mask, stage.path, ['batch', tokens.perWindow]);
    if (isLast && plan.confidence !== undefined) outputOf(session, plan.confidence, stage.path, ['batch', 1]);
  }
}

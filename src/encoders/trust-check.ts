import { EdgeBindError } from '../core/errors.ts';
import { dot } from '../space/vector.ts';
import { answerOf, isShare } from './answer.ts';
import { fusionItem } from './fusion-item.ts';
import type { GraphItem, GraphPlan } from './graph-plan.ts';
import { MOST_ITEMS } from './longest-call.ts';
import { vectorFault } from './vector-fault.ts';
import { tokenNumbers, windowTokens } from './window-tokens.ts';

/**
 * Cosine that a provider must reach to each golden vector. A wrong graph or a broken kernel gives far less; int8 graphs differ by up
 * to 1 % between processors with and without VNNI.
 */
export const GOLDEN_COSINE = 0.99;

/** Two different inputs whose vectors are nearer than this have collapsed into one point. */
const COLLAPSED_DISTANCE = 1e-4;

/** Answers items with one vector each, in one array. */
export interface Runner {
  run(items: readonly GraphItem[]): Promise<Float32Array>;
}

/**
 * What stands for a plan's graphs in a trust check: themselves, without what they say of their sureness; or, where they give tokens, they
 * and the fusion graph behind them, with no other modality present.
 *
 * @throws RangeError where a plan of tokens comes without a fusion graph
 */
export function judged(session: Runner, { key, path, tokens, dim, confidence }: GraphPlan, fusion: Runner | undefined): Runner {
  if (confidence !== undefined)
    return { run: async (items) => vectorsOf(await session.run(items), dim, `${path}: output "${confidence}"`) };
  if (!tokens) return session;
  if (!fusion) throw new RangeError(`${key} gives tokens, but no fusion graph is open`);
  const size = tokenNumbers(tokens);
  return {
    run: async (items) => {
      const answer = await session.run(items);
      const vectors = new Float32Array(items.length * dim);
      for (let i = 0; i < items.length; i++) {
        const made = windowTokens(answer.subarray(i * size, (i + 1) * size), tokens);
        vectors.set(await fusion.run([fusionItem(tokens.fusion, { [key]: made })]), i * dim);
      }
      return vectors;
    },
  };
}

/** The vectors of answers. @throws EdgeBindError `MODEL_CONFIDENCE` */
function vectorsOf(answers: Float32Array, dim: number, output: string): Float32Array {
  const count = answers.length / (dim + 1);
  const vectors = new Float32Array(count * dim);
  for (let i = 0; i < count; i++) {
    const { vector, confidence = 1 } = answerOf(answers.subarray(i * (dim + 1), (i + 1) * (dim + 1)), dim);
    if (!isShare(confidence))
      throw new EdgeBindError('MODEL_CONFIDENCE', `${output} answers ${confidence}, wanted 0 to 1; export the graph again`);
    vectors.set(vector, i * dim);
  }
  return vectors;
}

/** What is known of a graph after it was tried. */
export interface TrustReport {
  /** Cosine to each golden vector; empty where the bundle has none. */
  readonly goldenCosines: readonly number[];
  /** Distance between the vectors of the two probes. */
  readonly spread: number;
  /** How many items in one call give, bit for bit, what they give one by one; as far as was tried. */
  readonly batch: number;
  /** Largest distance between an item's vector in a batch and alone; NaN where the graph takes no batch, or none was tried. */
  readonly batchError: number;
  readonly runMs: number;
}

export interface TrustCheckOptions {
  /** Batches that would take longer are not tried: in service none would run, and each enlarges what onnxruntime holds for ever. */
  readonly longestMs?: number;
}

/**
 * Tries a graph before it is trusted: unit vectors of finite numbers, two different inputs give different vectors, the golden
 * vectors are reproduced, and whether batching changes anything.
 *
 * @throws EdgeBindError `MODEL_NOT_FINITE`, `MODEL_NOT_UNIT`, `MODEL_COLLAPSED`, `MODEL_GOLDEN_MISMATCH`
 */
export async function trustCheck(
  session: Runner,
  { path, probes, golden, dim }: GraphPlan,
  { longestMs = Number.POSITIVE_INFINITY }: TrustCheckOptions = {},
): Promise<TrustReport> {
  const vectors: Float32Array[] = [];
  let runMs = 0;
  for (const probe of probes) {
    const start = performance.now();
    const vector = await session.run([probe]);
    runMs = performance.now() - start;
    vectors.push(vector);
    const fault = vectorFault(vector);
    if (fault === 'notFinite')
      throw new EdgeBindError('MODEL_NOT_FINITE', `${path} answers with NaN or infinity; the graph or this provider is broken`);
    if (fault) {
      const length = Math.sqrt(dot(vector, vector)).toPrecision(4);
      throw new EdgeBindError(
        'MODEL_NOT_UNIT',
        `${path} answers with a vector of length ${length}, wanted 1; export it with normalisation`,
      );
    }
  }
  const [first, second] = vectors;
  if (!first || !second) throw new RangeError('two probes are needed');
  const spread = distance(first, second);
  if (spread < COLLAPSED_DISTANCE) {
    throw new EdgeBindError(
      'MODEL_COLLAPSED',
      `${path} answers two different inputs with one vector (distance ${spread.toExponential(1)})`,
    );
  }
  const goldenCosines = (golden ?? []).map((wanted, i) => dot(wanted, vectors[i] ?? wanted) / (Math.sqrt(dot(wanted, wanted)) || 1));
  const worst = Math.min(1, ...goldenCosines);
  if (!(worst >= GOLDEN_COSINE)) {
    throw new EdgeBindError(
      'MODEL_GOLDEN_MISMATCH',
      `${path} reproduces a golden vector with cosine ${worst.toFixed(4)}, wanted ${GOLDEN_COSINE} or more`,
    );
  }
  const count = Math.min(MOST_ITEMS, Math.floor(longestMs / runMs));
  const batchError = count > 1 ? await batchDistance(session, probes, vectors, { count, dim }) : Number.NaN;
  return { goldenCosines, spread, batch: batchError === 0 && haveEqualDims(probes) ? count : 1, batchError, runMs };
}

/** Prompts differ in length: they cannot share a batch. */
const haveEqualDims = ([a, b]: GraphPlan['probes']): boolean =>
  a !== undefined && b !== undefined && a.every((feed, i) => feed.data.length === b[i]?.data.length);

/** Largest distance between the vectors of one call with `count` items and those of calls with one; NaN where the graph takes no batch. */
async function batchDistance(
  session: Runner,
  probes: GraphPlan['probes'],
  vectors: readonly Float32Array[],
  { count, dim }: { readonly count: number; readonly dim: number },
): Promise<number> {
  const order = (haveEqualDims(probes) ? [0, 1, 1, 0] : [0, 0, 0, 0]).slice(0, count);
  let batch: Float32Array;
  try {
    batch = await session.run(order.map((which) => probes[which] ?? []));
  } catch {
    return Number.NaN; // a fixed batch axis: items go one by one
  }
  return Math.max(...order.map((which, n) => distance(batch.subarray(n * dim, (n + 1) * dim), vectors[which] ?? batch)));
}

function distance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return Math.sqrt(sum);
}

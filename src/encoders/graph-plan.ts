import type { FusionTerms } from './fusion-item.ts';

/** One named input of a graph, for one item, without the batch axis. */
export interface Feed {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array | Int32Array;
}

/** All inputs of a graph for one item. */
export type GraphItem = readonly Feed[];

/** What a stage calls the modality's first graph, the one under `graph:` in the manifest. */
export const FIRST_GRAPH = 'graph';

/** A graph behind the first one of a modality. */
export interface StagePlan {
  readonly name: string;
  readonly path: string;
  /** Input of the graph -> the stage whose output it takes. */
  readonly inputs: Readonly<Record<string, string>>;
  readonly output: string;
}

/** A plan whose last graph gives tokens for the fusion graph, in place of a vector. */
export interface TokensPlan {
  readonly perWindow: number;
  /** Numbers of one token. */
  readonly width: number;
  /** Output of the last graph that marks padding. */
  readonly mask?: string | undefined;
  readonly fusion: FusionTerms;
}

/** What a worker must know to open a graph and to trust it. Plain data: it is sent to workers. */
export interface GraphPlan {
  /** Names the graph in messages: its modality. */
  readonly key: string;
  readonly path: string;
  readonly output: string;
  readonly dim: number;
  /** Output of the last graph that says how sure it is of each vector: its answers are those of `packAnswers`. */
  readonly confidence?: string;
  /** Further graphs, which run behind the first in the same call. */
  readonly stages?: readonly StagePlan[];
  readonly tokens?: TokensPlan;
  /** Execution providers to try, in order, e.g. `['cuda', 'cpu']`. Each is tried alone. */
  readonly providers: readonly string[];
  /** Two different items to try the graph with. */
  readonly probes: readonly GraphItem[];
  /** What the graph must answer to the probes, where the bundle says. */
  readonly golden?: readonly Float32Array[];
  /** Another worker has checked this graph on this provider: one call to warm up is enough. */
  readonly isTrusted?: boolean;
}

export interface SessionThreads {
  readonly intraOp: number;
  readonly interOp: number;
}

/** How a graph was opened. */
export interface OpenedGraph {
  readonly key: string;
  /** The provider that runs it. */
  readonly won: string;
  /** Why each provider before it does not. */
  readonly refused: Readonly<Record<string, string>>;
  /** How many items in one call give, bit for bit, what they give one by one. */
  readonly batch: number;
  readonly loadMs: number;
  /** One call with one item, after the first. */
  readonly runMs: number;
}

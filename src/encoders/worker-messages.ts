import type { EncoderModality } from '../core/types.ts';
import type { FrontEnd } from '../frontends/recipe.ts';
import type { GraphItem, GraphPlan, OpenedGraph, SessionThreads } from './graph-plan.ts';
import type { RawInput } from './job.ts';

export type ToInferenceWorker =
  | {
      readonly kind: 'open';
      readonly plans: readonly GraphPlan[];
      readonly frontEnds: readonly FrontEndPlan[];
      readonly threads: SessionThreads;
      readonly binding?: string | undefined;
    }
  | { readonly kind: 'run'; readonly graph: string; readonly items: readonly GraphItem[] }
  /** One picture that is prepared first, by the same thread. */
  | { readonly kind: 'runRaw'; readonly graph: string; readonly raw: RawInput; readonly spare?: ArrayBuffer | undefined }
  | { readonly kind: 'stop' };

/** Answers come in the order of the calls. */
export type FromInferenceWorker =
  | { readonly kind: 'opened'; readonly graphs: readonly OpenedGraph[] }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /**
   * `spent`: the buffers of the items, given back: they are large, and garbage of that kind is collected late. `ms` is the graph's alone;
   * `prepared` is what was made of a raw input before, in one of those buffers.
   */
  | {
      readonly kind: 'ran';
      readonly vectors: Float32Array;
      readonly ms: number;
      readonly spent: readonly ArrayBuffer[];
      readonly prepared?: Prepared;
    }
  /** `reason`: why a raw input was refused, as a word of the ledger. */
  | { readonly kind: 'failed'; readonly message: string; readonly reason?: string };

/** A graph's input, and how long its front end worked on it. */
export interface Prepared {
  readonly item: GraphItem;
  readonly ms: number;
}

/** What a front-end worker must know of one modality. */
export interface FrontEndPlan {
  readonly modality: EncoderModality;
  readonly frontEnd: FrontEnd;
  readonly input: {
    readonly name: string;
    readonly shape?: readonly number[];
    readonly mask?: string | undefined;
    readonly dtype: 'float32' | 'int64' | 'int32';
  };
  readonly tokenizer?: string;
}

export type ToFrontEndWorker =
  | { readonly kind: 'open'; readonly plans: readonly FrontEndPlan[] }
  | {
      readonly kind: 'prepare';
      readonly id: number;
      readonly graph: string;
      readonly raw: RawInput;
      readonly spare?: ArrayBuffer | undefined;
    }
  | { readonly kind: 'stop' };

/** Answers come in any order. */
export type FromFrontEndWorker =
  | { readonly kind: 'opened' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'prepared'; readonly id: number; readonly item: GraphItem; readonly ms: number }
  | { readonly kind: 'failed'; readonly id: number; readonly reason: string; readonly message: string };

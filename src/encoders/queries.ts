import type { Encoded, JointQuery, SingleInput } from '../core/encoder.ts';
import { EdgeBindError, UsageError } from '../core/errors.ts';
import { MODALITIES, type EncoderModality, type Modality, type Pcm } from '../core/types.ts';
import { pooled, weightedMean } from '../space/vector.ts';
import { answerFault, answerOf } from './answer.ts';
import type { Bundle, BundleEntry } from './bundle.ts';
import { FUSION, fusionItem } from './fusion-item.ts';
import type { TokensPlan } from './graph-plan.ts';
import { jobInput } from './job-input.ts';
import type { Job } from './job.ts';
import { Lane } from './lane.ts';
import { LruCache } from './lru-cache.ts';
import { noFusion } from './no-fusion.ts';
import type { Scheduler } from './scheduler.ts';
import { soundClips } from './sound-clips.ts';
import { numberFault } from './vector-fault.ts';
import { windowTokens } from './window-tokens.ts';

/** Queries that may wait at once; further ones are refused. */
const MAX_QUERIES = 64;
/** Prompts whose vectors are kept. */
const CACHED_PROMPTS = 256;

export interface QueriesOptions {
  readonly bundle: Bundle;
  readonly scheduler: Scheduler;
  /** How the tokens of a modality become a vector; undefined where its graphs give vectors. */
  readonly tokensPlan: (modality: EncoderModality) => TokensPlan | undefined;
}

/** What people ask, beside what sensors say: prompts, pictures and sounds as vectors, in a lane of their own at the same encoders. */
export class Queries {
  readonly #bundle: Bundle;
  readonly #scheduler: Scheduler;
  readonly #tokensPlan: QueriesOptions['tokensPlan'];
  readonly #lane = new Lane({ keep: 'every', queue: MAX_QUERIES });
  readonly #prompts = new LruCache<string, Promise<Float32Array>>(CACHED_PROMPTS);

  constructor({ bundle, scheduler, tokensPlan }: QueriesOptions) {
    this.#bundle = bundle;
    this.#scheduler = scheduler;
    this.#tokensPlan = tokensPlan;
  }

  /** The mean over the bundle's prompt templates. */
  text(prompt: string): Promise<Float32Array> {
    const cached = this.#prompts.get(prompt);
    if (cached) return cached;
    const made = this.#textVector(prompt);
    this.#prompts.set(prompt, made);
    made.catch(() => this.#prompts.delete(prompt));
    return made;
  }

  async input(modality: Modality, input: SingleInput, signal?: AbortSignal): Promise<Encoded> {
    return this.#encoded(modality, jobInput(this.#entry(modality), input), signal);
  }

  /** One vector of several inputs, by the bundle's fusion graph. */
  async together({ text, ...inputs }: JointQuery): Promise<Float32Array> {
    const { fusion } = this.#bundle;
    if (!fusion) throw noFusion(this.#bundle);
    const tokens: Partial<Record<EncoderModality, readonly Float32Array[]>> = {};
    if (text !== undefined) tokens.text = await this.#tokens('text', { raw: { kind: 'text', text } });
    for (const modality of MODALITIES) {
      const input = inputs[modality];
      if (input) tokens[modality] = await this.#tokens(modality, jobInput(this.#entry(modality), input));
    }
    return this.#query({ graph: FUSION, item: fusionItem(fusion, tokens) });
  }

  /** The mean over the clips that its window cuts it into. */
  async sound(sound: Pcm, signal?: AbortSignal): Promise<Float32Array> {
    const windows: Encoded[] = [];
    for (const { sound: clip } of soundClips(sound, this.#entry('audio').window))
      windows.push(await this.input('audio', { sound: clip }, signal));
    return pooled(windows).vector;
  }

  async #textVector(prompt: string): Promise<Float32Array> {
    const { frontEnd } = this.#entry('text');
    const templates = frontEnd.kind === 'text' ? frontEnd.templates : ['{}'];
    const texts = templates.map((template) => template.replaceAll('{}', () => prompt));
    const encoded = await Promise.all(texts.map((text) => this.#encoded('text', { raw: { kind: 'text', text } })));
    return weightedMean(encoded.map(({ vector }) => vector));
  }

  #entry(modality: EncoderModality): BundleEntry {
    const entry = this.#bundle.entries.get(modality);
    if (entry) return entry;
    const has = [...this.#bundle.entries.keys()].join(', ');
    throw new UsageError(
      'NO_ENCODER',
      `the bundle ${this.#bundle.manifest.name} has no ${modality} encoder (it has ${has}); use another "model:"`,
    );
  }

  /** What the graphs of an input give, or what the fusion graph makes of their tokens alone. */
  async #encoded(modality: EncoderModality, input: Pick<Job, 'raw' | 'item'>, signal?: AbortSignal): Promise<Encoded> {
    const plan = this.#tokensPlan(modality);
    const { dim } = this.#bundle.space;
    if (!plan) return answerOf(await this.#query({ graph: modality, ...input, fault: (answer) => answerFault(answer, dim) }, signal), dim);
    const tokens = await this.#tokens(modality, input, signal);
    return { vector: await this.#query({ graph: FUSION, item: fusionItem(plan.fusion, { [modality]: tokens }) }, signal) };
  }

  /** At least one token. */
  async #tokens(modality: EncoderModality, input: Pick<Job, 'raw' | 'item'>, signal?: AbortSignal): Promise<Float32Array[]> {
    this.#entry(modality);
    const plan = this.#tokensPlan(modality);
    if (!plan)
      throw new UsageError('NO_FUSION_GRAPH', `the fusion graph of ${this.#bundle.manifest.name} takes no ${modality}; leave it out`);
    const tokens = windowTokens(await this.#query({ graph: modality, ...input, fault: numberFault }, signal), plan);
    if (tokens.length > 0) return tokens;
    throw new EdgeBindError('QUERY_FAILED', `the ${modality} query has no tokens: the model knows nothing of it`);
  }

  #query({ graph, ...input }: Pick<Job, 'graph' | 'raw' | 'item' | 'fault'>, signal?: AbortSignal): Promise<Float32Array> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      if (this.#lane.waiting >= MAX_QUERIES) {
        reject(new EdgeBindError('TOO_MANY_QUERIES', `${MAX_QUERIES} queries wait for the encoders already; ask again later`));
        return;
      }
      const cancel = (): void => this.#lane.cancel(job, 'aborted');
      const job: Job = {
        graph,
        ...input,
        resolve: (vector) => {
          signal?.removeEventListener('abort', cancel);
          resolve(vector);
        },
        drop: (reason, message) => {
          signal?.removeEventListener('abort', cancel);
          reject(
            signal?.aborted
              ? (signal.reason as Error)
              : new EdgeBindError('QUERY_FAILED', `the ${graph} query was not embedded: ${message ?? reason}`),
          );
        },
      };
      signal?.addEventListener('abort', cancel, { once: true });
      this.#scheduler.push(this.#lane, job);
    });
  }
}

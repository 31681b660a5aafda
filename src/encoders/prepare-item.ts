import { PayloadError } from '../core/errors.ts';
import type { Tensor } from '../core/types.ts';
import { logMelBatch } from '../frontends/log-mel.ts';
import { pictureTensor } from '../frontends/picture-tensor.ts';
import type { Feed, GraphItem } from './graph-plan.ts';
import type { RawInput } from './job.ts';
import type { loadTokenizer } from './load-tokenizer.ts';
import type { FrontEndPlan } from './worker-messages.ts';

/** A front end in service. */
export interface FrontEndUse {
  readonly plan: FrontEndPlan;
  /** For text. */
  readonly tokenizer?: Awaited<ReturnType<typeof loadTokenizer>>;
}

/**
 * What a graph gets for a raw input.
 *
 * @param spare a buffer to make it in, where it has exactly its size
 * @throws PayloadError where the input is not what its front end takes
 */
export async function prepareItem({ plan, tokenizer }: FrontEndUse, raw: RawInput, spare?: ArrayBuffer): Promise<GraphItem> {
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

/** The buffers of an item, to give them away with it. */
export const buffersOf = (item: GraphItem): ArrayBuffer[] =>
  item.map(({ data }) => data.buffer).filter((buffer) => buffer instanceof ArrayBuffer);

/** Why there is no item, as a word of the ledger. */
export const refusalOf = (error: unknown): string => (error instanceof PayloadError ? reasonOf(error.code) : 'frontEndFailed');

/** `BAD_PICTURE` -> `badPicture`: the ledger's reasons are camelCase words. */
const reasonOf = (code: string): string => code.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

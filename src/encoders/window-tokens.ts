import type { TokensPlan } from './graph-plan.ts';

/** What a graph of tokens answers to one window. */
export type TokenShape = Pick<TokensPlan, 'perWindow' | 'width' | 'mask'>;

/** How many numbers a graph of tokens answers to one window: its tokens, and behind them the mask where it has one. */
export const tokenNumbers = ({ perWindow, width, mask }: TokenShape): number => perWindow * width + (mask === undefined ? 0 : perWindow);

/** The tokens of one window that are no padding, in order; views of the answer. */
export function windowTokens(answer: Float32Array, { perWindow, width, mask }: TokenShape): Float32Array[] {
  const tokens: Float32Array[] = [];
  for (let i = 0; i < perWindow; i++)
    if (mask === undefined || answer[perWindow * width + i] !== 0) tokens.push(answer.subarray(i * width, (i + 1) * width));
  return tokens;
}

/** The answer to a batch: for each item its tokens, and behind them their mask. */
export function packTokens(values: Float32Array, masks: Float32Array, shape: TokenShape): Float32Array {
  const { perWindow, width } = shape;
  const items = masks.length / perWindow;
  const size = tokenNumbers(shape);
  const all = new Float32Array(items * size);
  for (let i = 0; i < items; i++) {
    all.set(values.subarray(i * perWindow * width, (i + 1) * perWindow * width), i * size);
    all.set(masks.subarray(i * perWindow, (i + 1) * perWindow), i * size + perWindow * width);
  }
  return all;
}

import type { EncoderModality } from '../core/types.ts';
import type { Feed, GraphItem } from './graph-plan.ts';
import type { FusionManifest } from './manifest-stages.ts';

/** Names the fusion graph among the graphs of a bundle. */
export const FUSION = 'fusion';

/** How the fusion graph wants its inputs. Plain data: it is sent to workers. */
export type FusionTerms = Pick<FusionManifest, 'width' | 'mask' | 'modalities'>;

/** Tokens by modality, oldest first, each of the fusion's width. */
export type TokensByModality = Readonly<{ [M in EncoderModality]?: readonly Float32Array[] | undefined }>;

/**
 * The inputs of one call of the fusion graph: a sequence and a mask for each of its modalities. No sequence is longer than what is
 * there; a modality that is absent has one token of zeros, which its mask takes out.
 */
export function fusionItem({ width, mask, modalities }: FusionTerms, tokens: TokensByModality): GraphItem {
  return Object.entries(modalities).flatMap(([modality, input]): Feed[] => {
    if (!input) return [];
    const present = tokens[modality] ?? [];
    const length = Math.max(1, present.length);
    const data = new Float32Array(length * width);
    for (const [i, token] of present.entries()) data.set(token, i * width);
    const value = present.length > 0 ? mask.present : mask.absent;
    return [
      { name: input.input, dims: [length, width], data },
      {
        name: input.mask,
        dims: [length],
        data: mask.dtype === 'int64' ? new BigInt64Array(length).fill(BigInt(value)) : new Float32Array(length).fill(value),
      },
    ];
  });
}

import { createHash } from 'node:crypto';
import { EdgeBindError } from '../../core/errors.ts';
import type { EncoderModality, Modality } from '../../core/types.ts';
import type { PairItem, PairSide } from '../../inputs/pair-list.ts';
import type { Keyed } from '../../space/bind/retrieval.ts';
import { pooled } from '../../space/vector.ts';
import { embedFile, type FileEmbedding, type EmbedFileOptions } from '../embed-file.ts';
import type { BindPair, BindPairs } from './bind-pair.ts';

export interface PairsOfFilesOptions {
  readonly anchor: EncoderModality;
  readonly fresh: Modality;
  /** Makes the anchor's vectors, and those of the other senses. */
  readonly space: EmbedFileOptions;
  /** Makes the features of the new sensor; the same, or another bundle. */
  readonly backbone: EmbedFileOptions;
  readonly onProgress: (done: number, of: number) => void;
}

/** Pairs that are embedded at once. */
const AT_ONCE = 8;

/** Embeds both sides of each pair, and what else was there. A pair that lacks a side, or has a file that cannot be read, is counted. */
export async function pairsOfFiles(items: readonly PairItem[], options: PairsOfFilesOptions): Promise<BindPairs> {
  const pairs: (BindPair | undefined)[] = [];
  const leftOut: Record<string, number> = {};
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) {
      const item = items[i];
      if (!item) continue;
      const made = await pairOf(item, options);
      if (typeof made === 'string') leftOut[made] = (leftOut[made] ?? 0) + 1;
      else pairs[i] = made;
      options.onProgress(++done, items.length);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { pairs: pairs.filter((pair) => pair !== undefined), leftOut };
}

async function pairOf(
  { sides, group, timeUs }: PairItem,
  { anchor, fresh, space, backbone }: PairsOfFilesOptions,
): Promise<BindPair | string> {
  const [anchorSide, freshSide] = [sides[anchor], sides[fresh]];
  if (!anchorSide || !freshSide) return 'oneSided';
  try {
    const others: Partial<Record<EncoderModality, Keyed>> = {};
    for (const [name, side] of Object.entries(sides)) {
      const modality = name;
      if (side && modality !== anchor && modality !== fresh && space.encoders.modalities.includes(modality))
        others[modality] = { key: keyOf(side), vector: await sideVector(modality, side, space) };
    }
    return {
      anchor: await sideVector(anchor, anchorSide, space),
      feature: await sideVector(fresh, freshSide, backbone),
      key: keyOf(anchorSide),
      group,
      timeUs,
      others,
    };
  } catch (error) {
    if (error instanceof EdgeBindError) return error.code;
    throw error;
  }
}

/** The mean over a file's windows by how sure they are: those that lie within the stretch, where one is given. */
async function sideVector(modality: EncoderModality, side: PairSide, options: EmbedFileOptions): Promise<Float32Array> {
  if ('text' in side) return options.encoders.embedText(side.text);
  if (modality === 'text') throw new EdgeBindError('PAIRS_UNREADABLE', `${side.file}: words are given as text, not as a file`);
  const windows: FileEmbedding[] = [];
  for await (const window of embedFile(modality, side.file, { ...options, startUs: side.startUs, endUs: side.endUs })) windows.push(window);
  return pooled(windows).vector;
}

const keyOf = (side: PairSide): string => ('text' in side ? side.text : createHash('sha1').update(JSON.stringify(side)).digest('base64'));

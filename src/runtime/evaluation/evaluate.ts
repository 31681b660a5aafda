import type { Encoders } from '../../core/encoder.ts';
import type { EncoderModality } from '../../core/types.ts';
import type { Bundle } from '../../encoders/bundle.ts';
import { hits, intervalByGroup, modalityGap, shareOfHits } from '../../space/hits.ts';
import { embedItem, type ItemVector } from './embed-item.ts';
import type { Item, Query, Task, TaskGroup } from './task.ts';
import type { VectorCache } from './vector-cache.ts';

/** What was measured of one task. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly items: number;
  readonly groups: number;
  readonly chance: number;
  readonly value: number;
  /** 95 %, resampled by group. */
  readonly interval: readonly [low: number, high: number];
}

/** The rows of one folder of the data; absent where it is not there. */
export interface RowGroup {
  readonly heading: string;
  readonly folder: string;
  readonly rows?: readonly Row[];
}

/** How far the means of two senses lie apart. */
export interface Gap {
  readonly a: EncoderModality;
  readonly b: EncoderModality;
  readonly distance: number;
}

export interface EvaluateOptions {
  readonly bundle: Bundle;
  readonly encoders: Encoders;
  readonly cache: VectorCache;
  /** Hears what is being done, in words, for each file. */
  readonly onProgress?: (text: string) => void;
}

/**
 * Measures the tasks one after the other, each file embedded once, through the front ends and encoders that live windows go through.
 * A sense that the bundle lacks leaves its tasks out.
 *
 * @throws those of `embedItem`: a data set that cannot be read in full gives no figure
 */
export async function evaluate(
  taskGroups: readonly TaskGroup[],
  { bundle, encoders, cache, onProgress }: EvaluateOptions,
): Promise<{ readonly groups: RowGroup[]; readonly gaps: Gap[] }> {
  const seen = new Map<EncoderModality, Map<string, Float32Array>>();
  const known = (modality: EncoderModality, key: string, vector: Float32Array): void => {
    const vectors = seen.get(modality) ?? new Map<string, Float32Array>();
    seen.set(modality, vectors.set(key, vector));
  };
  const vectorsOf = async (item: Item): Promise<readonly ItemVector[]> => {
    onProgress?.(item.file);
    const vectors = await cache.vectors(item, () => embedItem(item, bundle, encoders));
    vectors.forEach(({ vector }, i) => known(item.modality, `${item.file} ${i}`, vector));
    return vectors;
  };
  const galleryOf = async (gallery: Task['gallery']): Promise<Float32Array[]> => {
    const found: Float32Array[] = [];
    if ('texts' in gallery) {
      for (const text of gallery.texts) {
        const vector = await encoders.embedText(text);
        known('text', text, vector);
        found.push(vector);
      }
      return found;
    }
    for (const item of gallery.items) for (const { vector } of await vectorsOf(item)) found.push(vector);
    return found;
  };
  const rowOf = async (task: Task): Promise<Row> => {
    const gallery = await galleryOf(task.gallery);
    const asked: { vector: Float32Array; truth: number; group: string }[] = [];
    for (const { item, truth, group } of task.queries)
      for (const { vector, label } of await vectorsOf(item))
        asked.push({ vector, group, truth: label === undefined ? truth : (task.labels?.indexOf(label) ?? -1) });
    return measured(task, asked, gallery);
  };

  const groups: RowGroup[] = [];
  for (const { heading, folder, tasks } of taskGroups) {
    const rows: Row[] = [];
    for (const task of tasks ?? []) if (isCovered(task, bundle)) rows.push(await rowOf(task));
    groups.push({ heading, folder, ...(tasks && { rows }) });
  }
  return { groups, gaps: gapsOf(seen) };
}

const isCovered = ({ queries, gallery }: Task, { entries }: Bundle): boolean =>
  ('texts' in gallery ? entries.has('text') : gallery.items.every(({ modality }) => entries.has(modality))) &&
  queries.every(({ item }: Query) => entries.has(item.modality));

function measured(
  { id, what, depth, isBalanced }: Task,
  asked: readonly { readonly vector: Float32Array; readonly truth: number; readonly group: string }[],
  gallery: readonly Float32Array[],
): Row {
  const truth = asked.map((one) => one.truth);
  const groups = asked.map(({ group }) => group);
  const hit = hits(
    asked.map(({ vector }) => vector),
    gallery,
    truth,
    depth,
  );
  const value = (rows: readonly number[]): number => shareOfHits(hit, truth, rows, isBalanced);
  return {
    id,
    what,
    items: asked.length,
    groups: new Set(groups).size,
    chance: Math.min(1, depth / gallery.length),
    value: value([...asked.keys()]),
    interval: intervalByGroup(groups, value),
  };
}

function gapsOf(seen: ReadonlyMap<EncoderModality, ReadonlyMap<string, Float32Array>>): Gap[] {
  const modalities = [...seen.keys()];
  return modalities.flatMap((a, i) =>
    modalities.slice(i + 1).map((b) => {
      return { a, b, distance: modalityGap([...(seen.get(a)?.values() ?? [])], [...(seen.get(b)?.values() ?? [])]) };
    }),
  );
}

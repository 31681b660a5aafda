import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Encoders } from '../../core/encoder.ts';
import { UsageError } from '../../core/errors.ts';
import type { Thermal } from '../../core/types.ts';
import type { Bundle, BundleEntry } from '../../encoders/bundle.ts';
import { decodePicture } from '../../frontends/decode-picture.ts';
import type { FrontEnd } from '../../frontends/recipe.ts';
import { parseMotion } from '../../inputs/signal-files/motion-rows.ts';
import { pooled } from '../../space/vector.ts';
import { embedFile, embedSignal, type FileEmbedding } from '../embed-file.ts';
import type { Item } from './task.ts';

/** A vector and, of motion, what its window shows. */
export interface ItemVector {
  readonly vector: Float32Array;
  readonly label?: string;
}

/** Share of a motion window's rows that one label must have. */
const CLEAR = 0.6;
const MAX_MOTION_BYTES = 64 * 1024 * 1024;

/**
 * The vectors of an item of the data: one of a picture; one of a sound, the mean of its windows by how sure they are; of motion one for each window that
 * shows one thing, every quarter of a second.
 *
 * @throws UsageError `NO_ENCODER`, `FILE_UNREADABLE` and those of `embedFile`
 */
export async function embedItem(item: Item, bundle: Bundle, encoders: Encoders): Promise<ItemVector[]> {
  const { file, modality, isGrey8, runs } = item;
  const entry = bundle.entries.get(modality);
  if (!entry) throw new UsageError('NO_ENCODER', `${bundle.dir} has no encoder for ${modality}`);
  if (runs) return motionVectors(file, runs, entry, encoders);
  if (isGrey8) return [await encoders.embedInput('thermal', { picture: await greyHeat(file, entry.frontEnd) })];
  const windows: FileEmbedding[] = [];
  for await (const window of embedFile(modality, file, { bundle, encoders })) windows.push(window);
  return [{ vector: pooled(windows).vector }];
}

async function greyHeat(file: string, frontEnd: FrontEnd): Promise<Thermal> {
  const { lowC, highC } = frontEnd.kind === 'thermal' ? frontEnd : { lowC: 0, highC: 1 };
  const { width, height, data } = await decodePicture(await readFile(file));
  const celsius = Float32Array.from({ length: width * height }, (_, i) => lowC + ((data[3 * i] ?? 0) / 255) * (highC - lowC));
  return { kind: 'thermal', width, height, celsius };
}

async function motionVectors(file: string, runs: NonNullable<Item['runs']>, entry: BundleEntry, encoders: Encoders): Promise<ItemVector[]> {
  const text = (await promisify(gunzip)(await readFile(file), { maxOutputLength: MAX_MOTION_BYTES })).toString('utf8');
  const { rows } = parseMotion(text);
  const labels = runs.flatMap(([label, count]) => Array.from({ length: count }, () => label));
  const labelled = rows.map((row, i) => ({ timeUs: row.timeUs, label: labels[i] ?? '' })).sort((a, b) => a.timeUs - b.timeUs);
  const vectors: ItemVector[] = [];
  const dense: BundleEntry = { ...entry, ...(entry.window?.kind === 'sliding' && { window: { ...entry.window, hopMs: 250 } }) };
  for await (const { startUs = 0, endUs = 0, vector } of embedSignal('imu', { kind: 'motion', rows }, dense, encoders)) {
    const inside = labelled.filter(({ timeUs }) => timeUs >= startUs && timeUs < endUs);
    const label = commonest(inside.map((row) => row.label));
    if (label !== undefined && inside.filter((row) => row.label === label).length >= CLEAR * inside.length) vectors.push({ vector, label });
  }
  return vectors;
}

function commonest(labels: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

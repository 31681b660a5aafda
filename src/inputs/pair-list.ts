import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, UsageError } from '../core/errors.ts';
import { MODALITIES, type EncoderModality } from '../core/types.ts';

/** What one sense had of a moment: a file, or a stretch of one; of words, the words. */
export type PairSide =
  { readonly file: string; readonly startUs?: number | undefined; readonly endUs?: number | undefined } | { readonly text: string };

/** What several senses had of one moment. */
export interface PairItem {
  readonly sides: Readonly<Partial<Record<EncoderModality, PairSide>>>;
  /** Scene, subject or uploader: never parted between training and testing. */
  readonly group?: string | undefined;
  readonly timeUs?: number | undefined;
}

const MAX_LIST_BYTES = 256 * 1024 * 1024;

const side = z.union([
  z.string().min(1),
  z.strictObject({ file: z.string().min(1), startUs: z.number().optional(), endUs: z.number().optional() }),
]);
const line = z.strictObject({
  ...Object.fromEntries(MODALITIES.map((modality) => [modality, side.optional()])),
  text: z.string().min(1).max(1000).optional(),
  group: z.union([z.string(), z.number()]).optional(),
  timeUs: z.number().optional(),
});

/**
 * Reads a list of pairs: a JSON-lines file, `{"image": "a.jpg", "depth": "a.png", "text": "boxes", "group": "scene 3", "timeUs": 1}`,
 * files relative to it (`{"file", "startUs", "endUs"}` for a stretch of one); or a folder that holds such a `pairs.jsonl`, or files
 * whose names differ in their last word only: `NAME-rgb.jpg` (or `-image`) beside `NAME-depth.png`, `NAME-thermal.png`,
 * `NAME-audio.wav`, `NAME-imu.csv`.
 *
 * @throws UsageError `PAIRS_UNREADABLE` with file and line
 */
export function readPairList(path: string): PairItem[] {
  try {
    if (!statSync(path).isDirectory()) return parseLines(path);
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
    if (names.includes('pairs.jsonl')) return parseLines(join(path, 'pairs.jsonl'));
    return byName(names.map((name) => join(path, name)).sort());
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    throw new UsageError(
      'PAIRS_UNREADABLE',
      `${path}: cannot be read: ${messageOf(cause)}; wanted a folder of pairs, a pairs.jsonl or a recording`,
      { cause },
    );
  }
}

function parseLines(path: string): PairItem[] {
  const { size } = statSync(path);
  if (size > MAX_LIST_BYTES) throw new UsageError('PAIRS_UNREADABLE', `${path}: ${size} bytes; a list has at most ${MAX_LIST_BYTES}`);
  const folder = dirname(path);
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((text, i) => (text.trim() === '' ? [] : [itemOf(text, `${path}:${i + 1}`, folder)]));
}

function itemOf(text: string, where: string, folder: string): PairItem {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new UsageError('PAIRS_UNREADABLE', `${where}: no JSON: ${messageOf(cause)}`, { cause });
  }
  const parsed = line.safeParse(json);
  if (!parsed.success) throw new UsageError('PAIRS_UNREADABLE', `${where}: ${z.prettifyError(parsed.error).replaceAll('\n', ' ')}`);
  const { text: words, group, timeUs, ...files } = parsed.data;
  const sides: Partial<Record<EncoderModality, PairSide>> = words === undefined ? {} : { text: { text: words } };
  for (const modality of MODALITIES) {
    const given = (files as Partial<Record<EncoderModality, z.output<typeof side>>>)[modality];
    if (given === undefined) continue;
    const stated = typeof given === 'string' ? { file: given } : given;
    sides[modality] = { ...stated, file: resolve(folder, stated.file) };
  }
  return { sides, timeUs, group: group === undefined ? undefined : String(group) };
}

/** The last word of a name that says what the file holds. */
const WORDS: Readonly<Record<string, EncoderModality>> = {
  rgb: 'image',
  colour: 'image',
  color: 'image',
  ...Object.fromEntries(MODALITIES.map((modality) => [modality, modality])),
};

function byName(files: readonly string[]): PairItem[] {
  const items = new Map<string, Partial<Record<EncoderModality, PairSide>>>();
  for (const file of files) {
    const [, stem, word = ''] = /^(.*)[-_.]([a-z]+)$/.exec(basename(file, extname(file))) ?? [];
    const modality = WORDS[word];
    if (stem === undefined || !modality) continue;
    const key = join(dirname(file), stem);
    items.set(key, { ...items.get(key), [modality]: { file } });
  }
  return [...items.values()].map((sides) => ({ sides }));
}

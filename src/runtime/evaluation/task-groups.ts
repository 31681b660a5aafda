import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { messageOf, UsageError } from '../../core/errors.ts';
import type { Item, Query, Task, TaskGroup } from './task.ts';

const name = z.string().min(1);
const kitchenIndex = z.object({
  classes: z.record(name, name),
  val: z.array(z.object({ file: name, label: name, uploader: name })),
});
const stampsIndex = z.object({ triples_val: z.array(z.object({ image: name, text: name, sound: name })) });
const photosIndex = z.array(z.object({ image: name, text: name }));
const demoIndex = z.array(z.object({ image: name, sound: name, text: name }));
const thermalIndex = z.object({ val: z.array(z.object({ rgb: name, thermal: name, session: z.string().optional() })) });
const depthIndex = z.object({ val: z.array(z.object({ rgb: name, depth: name })) });
const motionIndex = z.object({
  classes: z.record(name, name),
  val: z.array(z.object({ file: name, device: name, subject: name, run: name, labels: z.array(z.tuple([name, z.number().int().min(0)])) })),
});

/**
 * What the shared data folder measures: zero-shot classification and retrieval, held out by uploader, sound, scene and subject.
 *
 * @throws UsageError `BAD_DATA` where an index is there and cannot be read as one
 */
export const taskGroups = (data: string): Promise<TaskGroup[]> =>
  Promise.all([
    group(data, 'Kitchen sounds of unseen uploaders', 'audio/kitchen20', kitchenIndex, kitchenTasks),
    group(data, 'Stamps: picture, sound, sentence', 'stamps', stampsIndex, stampTasks),
    group(data, 'Photos', 'replay/photos', photosIndex, photoTasks),
    group(data, 'Pictures and sounds of four things', 'replay/demo-pairs', demoIndex, demoTasks),
    group(data, 'Heat and colour: road scenes, 8 bit', 'thermal/roadscene/evaluate-only', thermalIndex, thermalTasks(true)),
    group(data, 'Heat and colour: road surfaces, 8 bit', 'thermal/wrd', thermalIndex, thermalTasks(true)),
    group(data, 'Heat and colour: 24 x 32 indoors', 'thermal/mlx90640/evaluate-only', thermalIndex, thermalTasks(false)),
    group(data, 'Depth and colour: table tops', 'depth/mosd', depthIndex, depthTasks),
    group(data, 'Depth and colour: one kitchen from all sides', 'depth/redkitchen/evaluate-only', depthIndex, depthTasks),
    group(data, 'Motion of unseen subjects', 'imu/geotec', motionIndex, motionTasks),
  ]);

async function group<T>(
  data: string,
  heading: string,
  folder: string,
  schema: z.ZodType<T>,
  tasks: (index: T, at: (file: string) => string, folder: string) => Task[],
): Promise<TaskGroup> {
  const file = join(data, folder, 'index.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    return { heading, folder };
  }
  try {
    return { heading, folder, tasks: tasks(schema.parse(JSON.parse(text)), (one) => join(data, folder, one), folder) };
  } catch (cause) {
    throw new UsageError('BAD_DATA', `${file}: ${messageOf(cause)}; wanted the index that the README of the data describes`, { cause });
  }
}

type At = (file: string) => string;

function kitchenTasks({ classes, val }: z.output<typeof kitchenIndex>, at: At): Task[] {
  const names = Object.keys(classes);
  const queries = val.map(({ file, label, uploader }): Query => {
    return { item: { file: at(file), modality: 'audio' }, truth: names.indexOf(label), group: uploader };
  });
  const task = (id: string, what: string, texts: string[]): Task => ({
    id,
    what,
    queries,
    gallery: { texts },
    depth: 1,
    isBalanced: false,
  });
  return [
    task('kitchen-captions', 'sound -> caption of 20', Object.values(classes)),
    task(
      'kitchen-names',
      'sound -> bare name of 20',
      names.map((one) => one.replaceAll('-', ' ')),
    ),
  ];
}

function stampTasks({ triples_val: entries }: z.output<typeof stampsIndex>, at: At): Task[] {
  const sentences = [...new Set(entries.map(({ text }) => text))].sort();
  const truth = entries.map(({ text }) => sentences.indexOf(text));
  const images = entries.map(({ image }): Item => ({ file: at(image), modality: 'image' }));
  const sounds = entries.map(({ sound }): Item => ({ file: at(sound), modality: 'audio' }));
  const asked = sentences.map((text) => `the sound of ${text.charAt(0).toLowerCase()}${text.slice(1, -1)}`);
  return [
    words('stamp-sound-text', 'sound -> "the sound of ..."', sounds, asked, truth),
    words('stamp-picture-text', 'picture -> its sentence', images, sentences, truth),
    ...paired('stamp-picture-sound', 'picture -> sound of the same thing, never paired', images, sounds),
    ...paired('stamp-sound-picture', 'sound -> picture of the same thing, never paired', sounds, images),
  ];
}

function photoTasks(entries: z.output<typeof photosIndex>, at: At): Task[] {
  const texts = [...new Set(entries.map(({ text }) => text))].sort();
  const images = entries.map(({ image }): Item => ({ file: at(image), modality: 'image' }));
  return [
    words(
      'photo-text',
      'photo -> its text',
      images,
      texts,
      entries.map(({ text }) => texts.indexOf(text)),
    ),
  ];
}

function demoTasks(entries: z.output<typeof demoIndex>, at: At): Task[] {
  const texts = entries.map(({ text }) => text);
  const images = entries.map(({ image }): Item => ({ file: at(image), modality: 'image' }));
  const sounds = entries.map(({ sound }): Item => ({ file: at(sound), modality: 'audio' }));
  const [first] = paired('demo-picture-sound', 'picture -> its sound, never paired', images, sounds);
  return [words('demo-sound-text', 'sound -> its text', sounds, texts, [...texts.keys()]), ...(first ? [first] : [])];
}

const thermalTasks =
  (isGrey8: boolean) =>
  ({ val }: z.output<typeof thermalIndex>, at: At, folder: string): Task[] =>
    paired(
      folder,
      'heat -> colour',
      val.map(({ thermal }): Item => ({ file: at(thermal), modality: 'thermal', isGrey8 })),
      val.map(({ rgb }): Item => ({ file: at(rgb), modality: 'image' })),
      val.map(({ session }, i) => session ?? `${i}`),
    );

const depthTasks = ({ val }: z.output<typeof depthIndex>, at: At, folder: string): Task[] =>
  paired(
    folder,
    'depth -> colour',
    val.map(({ depth }): Item => ({ file: at(depth), modality: 'depth' })),
    val.map(({ rgb }): Item => ({ file: at(rgb), modality: 'image' })),
  );

function motionTasks({ classes, val }: z.output<typeof motionIndex>, at: At): Task[] {
  const labels = Object.keys(classes);
  const of = (device: string | undefined): Query[] =>
    val
      .filter((entry) => device === undefined || entry.device === device)
      .map(({ file, subject, labels: runs }) => ({ item: { file: at(file), modality: 'imu', runs }, truth: 0, group: subject }));
  const task = (id: string, what: string, device?: string): Task => {
    return { id, what, queries: of(device), gallery: { texts: Object.values(classes) }, labels, depth: 1, isBalanced: true };
  };
  return [
    task('motion', 'window -> caption of 5, balanced'),
    task('motion-phone', 'the same, phone', 'phone'),
    task('motion-watch', 'the same, watch', 'watch'),
  ];
}

function words(id: string, what: string, items: readonly Item[], texts: readonly string[], truth: readonly number[]): Task {
  const queries = items.map((item, i) => ({ item, truth: truth[i] ?? 0, group: `${i}` }));
  return { id, what, queries, gallery: { texts }, depth: 1, isBalanced: false };
}

function paired(id: string, what: string, from: readonly Item[], to: readonly Item[], groups?: readonly string[]): Task[] {
  const queries = from.map((item, i) => ({ item, truth: i, group: groups?.[i] ?? `${i}` }));
  return [1, 5].map((depth) => ({
    id: `${id}@${depth}`,
    what: `${what}, R@${depth}`,
    queries,
    gallery: { items: to },
    depth,
    isBalanced: false,
  }));
}

/**
 * Recordings as a library: `openRecording(paths)`, then `for await (const event of recording.events())`.
 *
 * ```ts
 * const recording = await openRecording(['incident.mcap']);
 * for (const { id, modality } of recording.sources) console.log(id, modality);
 * for await (const event of recording.events({ kinds: ['embedding'], sources: ['mic'] })) console.log(event.embedding.endUs);
 * console.log(recording.faults);
 * ```
 */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { EdgeBindError, messageOf, UsageError } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import { inPlace, type Placed } from './in-place.ts';
import { parseSession, RECORDING_FORMAT, type Session } from './session.ts';
import { readMcap, type McapEntry, type McapFaults } from './read-mcap.ts';
import { parseEvents, type RecordedEvent } from './recorded-event.ts';
import { topicOf } from './channel-metadata.ts';
import type { Topic, TopicKind } from './topic.ts';

/** The layouts that this program reads; in 1 each reading of motion was a message. */
const FORMATS: readonly string[] = ['1', RECORDING_FORMAT];
/** A message of many readings has the time of the newest: the others are not as much older. */
const MESSAGE_SPAN_US = 1e6;
/** A message that is not asked for or cannot be read: it still has a place. */
const LEFT_OUT: Placed<undefined> = { item: undefined, atUs: 0 };

/** What of a recording is wanted; absent: all. */
export interface EventFilter {
  readonly kinds?: readonly TopicKind[];
  readonly sources?: readonly string[];
  /** Host time of recording, microseconds since the epoch: from here, and up to but without there. */
  readonly sinceUs?: number;
  readonly untilUs?: number;
}

/** What was found wrong while reading. Grows while `events()` is read; complete when it has ended. */
export interface RecordingFaults {
  /** Files that break off, with the byte where they do: the program that wrote them was killed, or they were cut. */
  readonly truncated: { readonly file: string; readonly atByte: number }[];
  /** Records (whole chunks, mostly) that could not be read, with the first reason. */
  badRecords: number;
  firstFault: string | undefined;
  /** Messages of ours that do not fit their schema. */
  badMessages: number;
  /** Messages on channels that EdgeBind did not write, by topic. */
  readonly foreign: Record<string, number>;
  /** Gaps in the counts of channels: messages that the recorder had to leave out or that were lost since, by topic. */
  readonly missing: Record<string, number>;
}

export interface Recording {
  readonly files: readonly string[];
  /** Who recorded: config without secrets, space, server. */
  readonly session: Session;
  /** Whether the first file goes on with a run that began in files before it. */
  readonly goesOn: boolean;
  /** Sources that the recorded config names. */
  readonly sources: readonly { readonly id: string; readonly modality: Modality }[];
  readonly faults: RecordingFaults;
  /** Everything recorded, in the order in which it happened in the recorded run. May be called again: it begins anew. */
  events(filter?: EventFilter): AsyncGenerator<RecordedEvent>;
}

/**
 * Opens one recording: a file, several files of one run in their order, or a folder of them.
 *
 * @throws UsageError `RECORDING_UNREADABLE`, `RECORDING_FORMAT` (made by another version), `RECORDING_FOREIGN` (not made by EdgeBind)
 */
export async function openRecording(paths: readonly string[]): Promise<Recording> {
  const files = await filesOf(paths);
  const { session, goesOn } = await readSession(files[0] ?? '');
  const sources = session.config.sources.map(({ id, modality }) => ({ id, modality }));
  const faults: RecordingFaults = { truncated: [], badRecords: 0, firstFault: undefined, badMessages: 0, foreign: {}, missing: {} };
  return { files, session, goesOn, sources, faults, events: (filter = {}) => readEvents(files, faults, filter) };
}

async function filesOf(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const found = await stat(path).catch((error: unknown) => {
      throw new UsageError('RECORDING_UNREADABLE', `${path}: is not there (${messageOf(error)}); give .mcap files or a folder of them`);
    });
    if (!found.isDirectory()) files.push(path);
    else for (const name of (await readdir(path)).sort()) if (name.endsWith('.mcap')) files.push(join(path, name));
  }
  if (files.length === 0) throw new UsageError('RECORDING_UNREADABLE', `${paths.join(', ')}: holds no .mcap file`);
  return files;
}

async function readSession(file: string): Promise<Pick<Recording, 'session' | 'goesOn'>> {
  let isOurs = false;
  let goesOn = false;
  const channels = new Map<number, Topic>();
  for await (const entry of entriesOf(file)) {
    if (entry.type === 'Metadata' && entry.name === 'edgebind') {
      isOurs = true;
      goesOn = Number(entry.metadata.get('part') ?? 0) > 0;
      const format = entry.metadata.get('format') ?? '';
      if (!FORMATS.includes(format))
        throw new UsageError(
          'RECORDING_FORMAT',
          `${file}: is a recording of format ${format}, this program reads ${FORMATS.join(' and ')}; replay it with the version that made it`,
        );
    }
    if (entry.type === 'Channel') noteChannel(channels, entry);
    if (entry.type === 'Message' && channels.get(entry.channelId)?.kind === 'session')
      return { session: parseSession(entry.data, file), goesOn };
  }
  throw isOurs
    ? new UsageError('RECORDING_UNREADABLE', `${file}: breaks off before anything was recorded`)
    : new UsageError('RECORDING_FOREIGN', `${file}: was not recorded by EdgeBind: it has no session`);
}

async function* entriesOf(file: string): AsyncGenerator<McapEntry> {
  for await (const entries of readMcap(file, newFaults())) yield* entries;
}

async function* readEvents(files: readonly string[], faults: RecordingFaults, filter: EventFilter): AsyncGenerator<RecordedEvent> {
  Object.assign(faults, { truncated: [], badRecords: 0, firstFault: undefined, badMessages: 0, foreign: {}, missing: {} });
  const { kinds, sources, sinceUs = 0, untilUs = Number.POSITIVE_INFINITY } = filter;
  // Readings of all sources, also where not all are asked for: places count all of them.
  const isAsked = ({ kind }: Topic): boolean => !kinds || kinds.includes(kind);
  for (const file of files) {
    const found = newFaults();
    const channels = new Map<number, Topic>();
    const topics = new Map<number, string>();
    const counts = new Map<number, number>();
    const outside = (startNs: bigint, endNs: bigint): boolean =>
      Number(endNs) / 1000 < sinceUs || Number(startNs) / 1000 - MESSAGE_SPAN_US >= untilUs;
    for await (const entries of readMcap(file, found, outside)) {
      const placed: Placed<RecordedEvent | undefined>[] = [];
      for (const entry of entries) {
        if (entry.type === 'Channel') {
          topics.set(entry.id, entry.topic);
          noteChannel(channels, entry);
        }
        if (entry.type !== 'Message') continue;
        const name = topics.get(entry.channelId) ?? '';
        const topic = channels.get(entry.channelId);
        const events = topic && isAsked(topic) ? parsed(topic, entry, file, faults) : [LEFT_OUT];
        for (const event of events) placed.push(event);
        if (!topic) faults.foreign[name] = (faults.foreign[name] ?? 0) + 1;
        // How many readings a message of motion has is known only where it was read.
        if (!topic || (topic.payload === 'imu' && !isAsked(topic))) continue;
        const expected = counts.get(entry.channelId) ?? (filter.sinceUs === undefined ? 0 : entry.sequence);
        if (entry.sequence > expected) faults.missing[name] = (faults.missing[name] ?? 0) + entry.sequence - expected;
        counts.set(entry.channelId, entry.sequence + events.length);
      }
      for (const event of inPlace(placed)) {
        if (!event || event.atUs < sinceUs || event.atUs >= untilUs) continue;
        if (!sources || !('source' in event) || sources.includes(event.source)) yield event;
      }
    }
    faults.badRecords += found.badRecords;
    faults.firstFault ??= found.firstFault;
    if (found.truncatedAt !== undefined) faults.truncated.push({ file, atByte: found.truncatedAt });
  }
}

function parsed(
  topic: Topic,
  message: Extract<McapEntry, { type: 'Message' }>,
  file: string,
  faults: RecordingFaults,
): readonly Placed<RecordedEvent | undefined>[] {
  try {
    return parseEvents(topic, message, file);
  } catch (error) {
    if (!(error instanceof EdgeBindError)) throw error;
    faults.badMessages++;
    faults.firstFault ??= error.message;
    return [LEFT_OUT];
  }
}

function noteChannel(channels: Map<number, Topic>, channel: Extract<McapEntry, { type: 'Channel' }>): void {
  const topic = topicOf(channel.topic, channel.metadata);
  if (topic) channels.set(channel.id, topic);
}

const newFaults = (): McapFaults => ({ isWhole: false, badRecords: 0 });

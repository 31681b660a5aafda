import { existsSync, mkdirSync, readdirSync, statSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { metadataOf } from './channel-metadata.ts';
import { McapFile, type McapMessage } from './mcap-file.ts';
import { schemaOf } from './schemas.ts';
import type { Topic } from './topic.ts';
import type { RecordingWorkerData } from './worker-messages.ts';

/** Names of our files sort by time; nothing else in the folder is ever deleted. */
const OURS = /^edgebind-\d{8}T\d{9}Z\.mcap$/;
const SYNC_EVERY_MS = 5000;

/** The newest of what each file begins with, so that it stands alone: session, rules, the sources' states. */
export interface HeadRecord {
  readonly topic: number;
  readonly message: McapMessage;
}

/**
 * The files of one recording, one after the other. Throws what the file system throws; the next `write` then tries a new file.
 */
export class RotatingFiles {
  readonly #options: RecordingWorkerData;
  readonly #topics: ReadonlyMap<number, Topic>;
  readonly #heads = new Map<string, HeadRecord>();
  readonly #sequences = new Map<number, number>();
  #file: McapFile | undefined;
  #inFile = new Map<string, number>();
  #channels = new Map<number, number>();
  #beganMs = 0;
  #syncedMs = 0;
  #part = 0;

  constructor(options: RecordingWorkerData, topics: ReadonlyMap<number, Topic>) {
    this.#options = options;
    this.#topics = topics;
  }

  get path(): string {
    return this.#file?.path ?? '';
  }

  get size(): number {
    return this.#file?.size ?? 0;
  }

  /** A record that each later file begins with again; a newer one of the same key replaces it. */
  head(key: string, record: HeadRecord): void {
    this.#heads.set(key, record);
  }

  /** Leaves a number out, so that the gap is seen in the file. */
  skip(topic: number): void {
    this.#sequences.set(topic, (this.#sequences.get(topic) ?? 0) + 1);
  }

  write(topic: number, message: McapMessage): void {
    const { fileBytes, fileMs } = this.#options.limits;
    const isFull = this.#file !== undefined && (this.#file.size > fileBytes || Date.now() - this.#beganMs > fileMs);
    if (isFull && this.#options.file === undefined) this.end();
    this.#file ??= this.#begin();
    this.#add(topic, message);
  }

  /** Writes what waits. */
  flush(): void {
    if (!this.#file) return;
    this.#file.flush();
    if (Date.now() - this.#syncedMs < SYNC_EVERY_MS) return;
    this.#syncedMs = Date.now();
    this.#file.sync();
  }

  /** Ends the present file well. */
  end(): void {
    const file = this.#file;
    this.#file = undefined;
    file?.end();
  }

  /** Leaves the present file as it is. */
  giveUp(): void {
    const file = this.#file;
    this.#file = undefined;
    file?.giveUp();
  }

  #add(topic: number, message: McapMessage): void {
    const sequence = this.#sequences.get(topic) ?? 0;
    const channelId = this.#channel(topic);
    if (this.#options.packMotion && this.#topics.get(topic)?.payload === 'imu') this.#file?.addMotion(channelId, sequence, message);
    else this.#file?.add(channelId, sequence, message);
    this.#sequences.set(topic, sequence + 1);
  }

  #channel(topicId: number): number {
    const known = this.#channels.get(topicId);
    if (known !== undefined) return known;
    const topic = this.#topics.get(topicId);
    if (!topic || !this.#file) throw new RangeError(`topic ${topicId} was not announced`);
    const { name, encoding, messageEncoding, data } = schemaOf(topic);
    let schemaId = this.#inFile.get(name);
    if (schemaId === undefined) {
      schemaId = this.#inFile.size + 1;
      this.#inFile.set(name, schemaId);
      this.#file.addSchema({ id: schemaId, name, encoding, data });
    }
    const id = this.#channels.size + 1;
    this.#channels.set(topicId, id);
    this.#file.addChannel({ id, schemaId, topic: topic.name, messageEncoding, metadata: metadataOf(topic) });
    return id;
  }

  #begin(): McapFile {
    const { dir = '', library, metadata } = this.#options;
    const path = this.#options.file === undefined ? freeNameIn(dir) : freeName(this.#options.file);
    mkdirSync(dirname(path), { recursive: true });
    if (this.#options.file === undefined) this.#prune(dir);
    const file = new McapFile(path, library);
    this.#inFile = new Map();
    this.#channels = new Map();
    this.#sequences.clear();
    this.#beganMs = Date.now();
    this.#syncedMs = this.#beganMs;
    file.addMetadata('edgebind', { ...metadata, part: `${this.#part++}` });
    this.#file = file;
    for (const { topic, message } of this.#heads.values()) this.#add(topic, message);
    return file;
  }

  /** Makes room for the file that is to begin. */
  #prune(dir: string): void {
    const { folderBytes, folderMs, fileBytes } = this.#options.limits;
    const files = namesIn(dir)
      .filter((name) => OURS.test(name))
      .sort()
      .map((name) => ({ path: join(dir, name), stat: statSync(join(dir, name)) }));
    let total = files.reduce((sum, { stat }) => sum + stat.size, 0);
    for (const { path, stat } of files) {
      if (total + fileBytes <= folderBytes && Date.now() - stat.mtimeMs <= folderMs) break;
      unlinkSync(path);
      total -= stat.size;
    }
  }
}

/** A name by the time, to the millisecond, e.g. edgebind-20261125T131330123Z.mcap; later where that is taken. */
function freeNameIn(dir: string): string {
  for (let ms = Date.now(); ; ms++) {
    const path = join(dir, `edgebind-${new Date(ms).toISOString().replace(/[-:.]/g, '')}.mcap`);
    if (!existsSync(path)) return path;
  }
}

/** The path itself, or with a number where a file of that name is there: nothing is ever overwritten. */
function freeName(path: string): string {
  for (let i = 0; ; i++) {
    const name = i === 0 ? path : path.replace(/(\.mcap)?$/, `-${i}$1`);
    if (!existsSync(name)) return name;
  }
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

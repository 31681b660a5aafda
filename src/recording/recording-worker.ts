/**
 * The recording thread: blocks of records in, MCAP files out. Everything that takes time (protobuf, compression, the disk) happens
 * here, off the event loop, and may block.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../core/errors.ts';
import { MessageEncoder } from './message-encoder.ts';
import type { McapMessage } from './mcap-file.ts';
import { recordsOf, type BlockRecord } from './record-block.ts';
import { RotatingFiles } from './rotating-files.ts';
import type { Topic } from './topic.ts';
import { TriggerRing, type RingRecord } from './trigger-ring.ts';
import type { FromRecordingWorker, RecordingWorkerData, ToRecordingWorker } from './worker-messages.ts';
import { openZstd } from './zstd.ts';

/** A chunk is written after so long at the latest: what a killed program loses. */
const FLUSH_EVERY_MS = 500;
/** After a write that failed, nothing is tried for so long. */
const RETRY_AFTER_MS = 5000;

interface Item extends RingRecord {
  readonly record: BlockRecord;
}

class RecordingThread {
  readonly #topics = new Map<number, Topic>();
  readonly #encoder = new MessageEncoder();
  readonly #files: RotatingFiles;
  readonly #packMotion: boolean;
  readonly #ring: TriggerRing<Item> | undefined;
  readonly #timer: NodeJS.Timeout;
  #written: Record<number, number> = {};
  #dropped: Record<string, Record<number, number>> = {};
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #isFailed = false;

  constructor(options: RecordingWorkerData) {
    this.#files = new RotatingFiles(options, this.#topics);
    this.#packMotion = options.packMotion;
    if (options.trigger)
      this.#ring = new TriggerRing(options.trigger, {
        write: ({ record }) => this.#write(record),
        drop: ({ record }, reason) => this.#drop(record, reason),
      });
    this.#timer = setInterval(() => {
      this.#guarded(() => this.#files.flush());
      this.#settle(0);
    }, FLUSH_EVERY_MS);
  }

  receive(message: ToRecordingWorker): void {
    switch (message.kind) {
      case 'topic':
        this.#topics.set(message.id, message.topic);
        return;
      case 'block':
        for (const record of recordsOf(message.block)) this.#accept(record);
        this.#settle(message.block.length);
        return;
      case 'stop':
        this.#ring?.end();
        this.#guarded(() => this.#files.end());
        this.#settle(0);
        clearInterval(this.#timer);
        parentPort?.close();
        return;
    }
  }

  #accept(record: BlockRecord): void {
    const topic = this.#topics.get(record.topic);
    if (!topic) return;
    if (this.#ring) this.#ring.push({ record, logUs: record.logUs, role: roleOf(topic), bytes: record.body.length });
    else this.#write(record);
  }

  #write(record: BlockRecord): void {
    if (Date.now() - this.#failedAtMs < RETRY_AFTER_MS) {
      this.#drop(record, 'unwritable');
      return;
    }
    const message = this.#message(record);
    if (!this.#guarded(() => this.#files.write(record.topic, message))) {
      this.#drop(record, 'unwritable');
      return;
    }
    this.#written[record.topic] = (this.#written[record.topic] ?? 0) + 1;
    const topic = this.#topics.get(record.topic);
    const key = topic && headKey(topic, record);
    // A copy: the block that it lies in is large.
    if (key !== undefined) this.#files.head(key, { topic: record.topic, message: { ...message, data: message.data.slice() } });
  }

  #drop({ topic }: BlockRecord, reason: string): void {
    this.#files.skip(topic);
    const counts = (this.#dropped[reason] ??= {});
    counts[topic] = (counts[topic] ?? 0) + 1;
  }

  #message({ topic, logUs, publishUs, body }: BlockRecord): McapMessage {
    const { kind, payload } = this.#topics.get(topic) ?? { kind: 'session' };
    const isVector = kind === 'embedding' || kind === 'fused';
    // Motion that is packed goes to its file as it is: a message there has many readings.
    const isPacked = payload === 'imu' && this.#packMotion;
    const data =
      kind === 'reading' && !isPacked
        ? this.#encoder.reading(payload ?? 'imu', body, publishUs)
        : isVector
          ? this.#encoder.vector(body, publishUs)
          : body;
    return { logUs, publishUs, data, isDense: payload === 'encoded' || payload === 'jpeg' };
  }

  /** A disk that is full or gone is a state, not the end. */
  #guarded(step: () => void): boolean {
    try {
      step();
      if (this.#isFailed && this.#files.path !== '') {
        this.#isFailed = false;
        post({ kind: 'state', reason: '' });
      }
      return true;
    } catch (error) {
      this.#failedAtMs = Date.now();
      this.#isFailed = true;
      post({ kind: 'state', reason: messageOf(error) });
      try {
        this.#files.giveUp();
      } catch {
        // The file is lost anyway.
      }
      return false;
    }
  }

  #settle(bytes: number): void {
    const settled = { written: this.#written, dropped: this.#dropped };
    this.#written = {};
    this.#dropped = {};
    post({ kind: 'settled', bytes, settled, file: this.#files.path, fileBytes: this.#files.size });
  }
}

/** What a new file repeats: without it a file could not be understood alone. */
function headKey({ kind, name }: Topic, { body }: BlockRecord): string | undefined {
  if (kind === 'session' || kind === 'rules') return kind;
  if (kind !== 'status') return undefined;
  const { source } = JSON.parse(Buffer.from(body).toString()) as { source: string };
  return `${name} ${source}`;
}

/** Few and small, and without them what is around an alert is not understood. */
const KEPT: readonly Topic['kind'][] = ['session', 'rules', 'learnt', 'verdict', 'status'];

function roleOf({ kind }: Topic): RingRecord['role'] {
  if (kind === 'alert') return 'trigger';
  if (kind === 'checkpoint') return 'checkpoint';
  return KEPT.includes(kind) ? 'keep' : 'raw';
}

const post = (message: FromRecordingWorker): void => parentPort?.postMessage(message);

await openZstd();
const thread = new RecordingThread(workerData as RecordingWorkerData);
parentPort?.on('message', (message: ToRecordingWorker) => thread.receive(message));

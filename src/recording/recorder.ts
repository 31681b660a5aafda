import { Worker } from 'node:worker_threads';
import { base64Of } from '../core/base64.ts';
import type { Checkpoint } from '../core/checkpoint.ts';
import type { Fused } from '../core/fused.ts';
import type { Ledger, Stage } from '../core/ledger.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../core/time.ts';
import type { Alert, Embedding, Modality, Payload, Reading, Sample, Score, SourceStatus, WindowMeta } from '../core/types.ts';
import type { RecordedDrop } from './recorded-event.ts';
import { payloadBytes, RecordBlock } from './record-block.ts';
import { RECORDING_FORMAT, type Session } from './session.ts';
import { LEAD_US } from './trigger-ring.ts';
import { embeddingTopic, formOf, readingTopic, sharedTopic, type Topic } from './topic.ts';
import type { FromRecordingWorker, RecordingLimits, RecordingWorkerData, ToRecordingWorker, TriggerTerms } from './worker-messages.ts';

export interface RecorderOptions {
  /** A folder for files that follow each other; or one file. */
  readonly to: { readonly dir: string } | { readonly file: string };
  readonly limits?: Partial<RecordingLimits>;
  /** Raw data only around alerts; absent: everything. */
  readonly trigger?: TriggerTerms;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly log: Log;
  /** Name and version of the program. */
  readonly server: string;
  /** Readings of inertial sensors share messages: a third of their bytes, but other programs see ten points a second. Default false. */
  readonly packMotion?: boolean | undefined;
  /** What waits for the recording thread, in bytes; beyond, readings are dropped as `queueFull`. Default 64 MiB. */
  readonly queueBytes?: number;
}

/** How the recording goes, for people. */
export interface RecorderState {
  readonly state: 'recording' | 'failed';
  /** Why it cannot be written, e.g. that the disk is full. */
  readonly reason: string;
  readonly file: string;
  readonly fileBytes: number;
}

const MIB = 1024 * 1024;
const NO_LIMITS: RecordingLimits = {
  fileBytes: Number.MAX_SAFE_INTEGER,
  fileMs: Number.MAX_SAFE_INTEGER,
  folderBytes: Number.MAX_SAFE_INTEGER,
  folderMs: Number.MAX_SAFE_INTEGER,
};
const POST_EVERY_MS = 100;
const POST_BYTES = 256 * 1024;
const LEDGER_EVERY_MS = 1000;
/** As far apart as the time before an alert that is kept, within these. */
const CHECKPOINT_EVERY_MS = { least: 4000, most: 15_000 };
const CHECKPOINT_RETRY_MS = 1000;
/** What is not raw data is small and decides replays: it may take so much more of the queue. */
const HEADROOM = 1.25;

/** One topic and what the ledger counts of it. */
interface Channel {
  readonly id: number;
  readonly account: Account;
}

interface Account {
  readonly stage: Stage;
  inFlight: number;
}

/**
 * Records everything that happens, in the order in which it happens, through a thread of its own. Never waits: what the thread cannot
 * take in time is dropped and counted in the ledger's stage `record` (`queueFull`, `unwritable`, `outsideTrigger`, `ringFull`).
 */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  readonly #channels = new Map<string, Channel>();
  readonly #byId: Channel[] = [];
  readonly #accounts = new Map<string, Account>();
  readonly #block = new RecordBlock();
  readonly #queueBytes: number;
  #postedBytes = 0;
  #isStopped = false;
  #state: RecorderState;
  #cancels: (() => void)[] = [];
  /** The file that was written last; empty: none yet. */
  #writtenTo = '';
  #onNextFile: () => void = () => undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#queueBytes = options.queueBytes ?? 64 * MIB;
    this.#state = { state: 'recording', reason: '', file: 'file' in options.to ? options.to.file : '', fileBytes: 0 };
    const workerData: RecordingWorkerData = {
      ...options.to,
      library: `${options.server}; @mcap/core`,
      metadata: { format: RECORDING_FORMAT, server: options.server },
      limits: { ...NO_LIMITS, ...options.limits },
      packMotion: options.packMotion ?? false,
      ...(options.trigger && { trigger: options.trigger }),
    };
    this.#worker = new Worker(workerUrl(), { workerData });
    this.#worker.on('message', (message: FromRecordingWorker) => this.#receive(message));
    this.#worker.on('error', (error) => this.#fail(`the recording thread ended: ${error.message}`));
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        this.#lose();
        resolve();
      });
    });
    this.#every(POST_EVERY_MS, () => this.#post());
    this.#every(LEDGER_EVERY_MS, () => this.ledger());
  }

  get state(): RecorderState {
    return this.#state;
  }

  /** The first record of a run, and again when the config changes. */
  session(session: Session): void {
    this.#text(sharedTopic('session'), session);
  }

  /** The rules in force; those of novelty and disagreement have no vector. */
  rules(rules: readonly { readonly rule: unknown; readonly space?: string; readonly vector?: Float32Array }[]): void {
    const asText = rules.map(({ rule, space, vector }) => ({ rule, ...(vector && { space, vector: base64Of(vector) }) }));
    this.#text(sharedTopic('rules'), { rules: asText });
  }

  /** What the rules had learnt when the run began. */
  learnt({ base, leftOut }: { readonly base: Uint8Array; readonly leftOut: number }): void {
    this.#text(sharedTopic('learnt'), { base: base64Of(base), leftOut });
  }

  /**
   * From now on a recording has what the rules knew where its pieces begin: around alerts each piece; else each file after the first, with
   * the alerts that stand or rest there, so that it can be replayed alone.
   *
   * @param know what they know now; undefined: not now, ask again
   */
  checkpoints(know: () => Checkpoint | undefined, alerts: () => readonly unknown[]): void {
    const { trigger, clock } = this.#options;
    const note = (opening?: object): boolean => {
      const checkpoint = know();
      if (!checkpoint) return false;
      const { base, ...rest } = checkpoint;
      this.#text(sharedTopic('checkpoint'), { fromUs: clock.nowUs() - LEAD_US, base: base64Of(base), ...rest, ...opening });
      return true;
    };
    if (trigger) {
      note();
      this.#every(Math.min(CHECKPOINT_EVERY_MS.most, Math.max(CHECKPOINT_EVERY_MS.least, trigger.beforeMs)), () => void note());
      return;
    }
    let cancelBefore: (() => void) | undefined;
    this.#onNextFile = () => {
      cancelBefore?.();
      cancelBefore = this.#until(LEAD_US / 1000, () => note({ alerts: alerts() }));
    };
  }

  /** Somebody said whether an alert was right. */
  verdict(alert: Alert, isRight: boolean): void {
    this.#text(sharedTopic('verdict'), { alert, isRight });
  }

  /** @param sample what the pipeline made of it; absent: its stamp was refused */
  reading(source: string, modality: Modality, reading: Reading, sample: Sample | undefined): void {
    const { payload, arrivalUs, deviceUs = Number.NaN, seq = Number.NaN } = reading;
    const form = formOf(payload);
    const channel = this.#room(`r${form}${source}`, () => readingTopic(source, modality, form), 40 + sizeOf(payload), 1);
    if (!channel) return;
    const stamp = { deviceUs, seq, sampleSeq: sample?.seq ?? Number.NaN, errorUs: sample?.errorUs ?? Number.NaN };
    this.#block.reading(channel.id, arrivalUs, sample?.timeUs ?? arrivalUs, stamp, payload);
    this.#postIfFull();
  }

  embedding({ vector, ...head }: Embedding): void {
    this.#vector(embeddingTopic(head.source, head.modality), head.endUs, head, vector);
  }

  fused({ vector, ...head }: Fused): void {
    this.#vector(sharedTopic('fused'), head.endUs, head, vector);
  }

  score(score: Score): void {
    this.#text(sharedTopic('score'), score);
  }

  alert(alert: Alert): void {
    this.#text(sharedTopic('alert'), alert);
  }

  status(status: SourceStatus): void {
    this.#text(sharedTopic('status'), status);
  }

  /** A window that was not encoded: a replay leaves it out as well. */
  dropped({ source, modality, startUs, endUs, samples }: WindowMeta, reason: string): void {
    const drop: RecordedDrop = { source, modality, startUs, endUs, first: samples.first, reason };
    this.#text(sharedTopic('drop'), drop);
  }

  /** Notes the ledger as it stands. Also happens by itself, each second. */
  ledger(): void {
    this.#text(sharedTopic('ledger'), { lines: this.#options.ledger.lines() });
  }

  /** Writes what waits and ends the file. May be called twice. */
  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.ledger();
      this.#post();
      this.#isStopped = true;
      for (const cancel of this.#cancels) cancel();
      this.#send({ kind: 'stop' });
    }
    await this.#ended;
  }

  /** A timer of a decision fired. */
  wake(nowUs: number): void {
    this.#text(sharedTopic('wake'), {}, nowUs);
  }

  /** The host's clock was set. */
  hostStep(byUs: number): void {
    this.#text(sharedTopic('hostStep'), { byUs });
  }

  #every(ms: number, task: () => void): void {
    const at = this.#cancels.length;
    const again = (): void => {
      this.#cancels[at] = this.#options.clock.after(ms, () => {
        task();
        again();
      });
    };
    again();
  }

  /** Does something after so many ms, and tries again each second until it is done. */
  #until(ms: number, task: () => boolean): () => void {
    const at = this.#cancels.length;
    const attempt = (): void => {
      if (!task()) this.#cancels[at] = this.#options.clock.after(CHECKPOINT_RETRY_MS, attempt);
    };
    this.#cancels[at] = this.#options.clock.after(ms, attempt);
    return () => this.#cancels[at]?.();
  }

  #text(topic: Topic, value: object, atUs = this.#options.clock.nowUs()): void {
    const text = JSON.stringify(value);
    const channel = this.#room(topic.name, () => topic, text.length, HEADROOM);
    if (!channel) return;
    this.#block.text(channel.id, atUs, text);
    this.#postIfFull();
  }

  #vector(topic: Topic, endUs: number, head: object, vector: Float32Array): void {
    const text = JSON.stringify(head);
    const channel = this.#room(topic.name, () => topic, text.length + vector.byteLength, HEADROOM);
    if (!channel) return;
    this.#block.vector(channel.id, this.#options.clock.nowUs(), endUs, text, vector);
    this.#postIfFull();
  }

  /** The channel of a record that is about to be written, or undefined where there is no room for it: it is counted then. */
  #room(key: string, topicOf: () => Topic, bytes: number, share: number): Channel | undefined {
    if (this.#isStopped) return undefined;
    const channel = this.#channels.get(key) ?? this.#announce(key, topicOf());
    channel.account.stage.receive();
    if (this.#postedBytes + this.#block.length + bytes > this.#queueBytes * share) {
      channel.account.stage.drop('queueFull');
      return undefined;
    }
    channel.account.inFlight++;
    return channel;
  }

  #announce(key: string, topic: Topic): Channel {
    const source = topic.source === '' ? 'recording' : topic.source;
    let account = this.#accounts.get(source);
    if (!account) {
      const made: Account = { inFlight: 0, stage: this.#options.ledger.stage(source, 'record', () => made.inFlight) };
      this.#accounts.set(source, (account = made));
    }
    const channel = { id: this.#byId.length, account };
    this.#channels.set(key, channel);
    this.#byId.push(channel);
    this.#send({ kind: 'topic', id: channel.id, topic });
    return channel;
  }

  #postIfFull(): void {
    if (this.#block.length >= POST_BYTES) this.#post();
  }

  #post(): void {
    if (this.#block.length === 0 || this.#isStopped) return;
    const block = this.#block.take();
    this.#postedBytes += block.length;
    this.#worker.postMessage({ kind: 'block', block } satisfies ToRecordingWorker, [block.buffer]);
  }

  #send(message: ToRecordingWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromRecordingWorker): void {
    if (message.kind === 'state') {
      this.#fail(message.reason);
      return;
    }
    const { bytes, settled, file, fileBytes } = message;
    this.#postedBytes -= bytes;
    if (file !== '' && this.#writtenTo !== '' && file !== this.#writtenTo) this.#onNextFile();
    if (file !== '') this.#writtenTo = file;
    this.#state = { ...this.#state, ...(file !== '' && { file }), fileBytes };
    for (const [id, count] of Object.entries(settled.written)) this.#settle(Number(id), count, (stage) => stage.emit(count));
    for (const [reason, counts] of Object.entries(settled.dropped))
      for (const [id, count] of Object.entries(counts)) this.#settle(Number(id), count, (stage) => stage.drop(reason, count));
  }

  /** The thread is gone; what it had not written is lost. */
  #lose(): void {
    for (const account of this.#accounts.values()) {
      account.stage.drop('recorderLost', account.inFlight);
      account.inFlight = 0;
    }
    for (const cancel of this.#cancels) cancel();
    this.#isStopped = true;
  }

  #settle(id: number, count: number, book: (stage: Stage) => void): void {
    const account = this.#byId[id]?.account;
    if (!account) return;
    account.inFlight -= count;
    book(account.stage);
  }

  #fail(reason: string): void {
    const { log } = this.#options;
    if (reason === '') log.info({ file: this.#state.file }, 'the recording goes on');
    else if (reason !== this.#state.reason)
      log.error({ reason }, 'the recording cannot be written; it is tried again, and what is lost is counted');
    this.#state = { ...this.#state, state: reason === '' ? 'recording' : 'failed', reason };
  }
}

const sizeOf = (payload: Payload): number => payloadBytes(payload).byteLength;

/** A thread cannot load TypeScript on Node 20: sources that run as they are (in tests) use the last build. */
function workerUrl(): URL {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/src/recording/' : './';
  return new URL(`${folder}recording-worker.js`, import.meta.url);
}

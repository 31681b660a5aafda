import { type Observable, ReplaySubject, Subject } from 'rxjs';
import { FrameReader } from '../../devices/frame-reader.ts';
import { protocolNamed, protocols } from '../../devices/protocols.ts';
import type { AssembledReading } from '../../devices/assembler.ts';
import { Backoff } from '../core/backoff.ts';
import { messageOf, UsageError } from '../core/errors.ts';
import type { Stage } from '../core/ledger.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Modality, Reading, SourceState, SourceStatus } from '../core/types.ts';
import type { InputContext } from './context.ts';
import { openSerialLine, type OpenSerialLine, type SerialLine } from './serial-line.ts';
import { parseSerialUrl, type SerialUrl } from './serial-url.ts';

const SILENT_AFTER_MS = 3000;
const PROBE_EVERY_MS = 500;
const CLOSE_WITHIN_MS = 1000;
const MAX_BACKOFF_MS = 5000;
/** Longer than that a driver does not collect: the line was quiet. */
const MAX_SPREAD_US = 100_000;

/**
 * A device on a serial line, e.g. `{from: "serial:/dev/ttyUSB0?baud=115200", protocol: witmotion}`; without `baud` the rate the
 * device is delivered with (WitMotion: 9600). Readings carry the arrival of their chunk; the ledger's stage is `input`.
 *
 * A line that hangs up, vanishes or is replaced is `reconnecting` within a second and opened again with backoff (0.25 s to 5 s);
 * one without a reading for `silentAfterMs` (default 3 s) is `silent`, closed and opened again.
 *
 * @throws UsageError for a URL, protocol or modality that does not fit
 */
export function serialSource(config: SourceConfig, context: InputContext, open: OpenSerialLine = openSerialLine): Source {
  return new SerialSource(config, context, open);
}

class SerialSource implements Source {
  readonly id: string;
  readonly modality: Modality;
  readonly readings$: Observable<Reading>;
  readonly status$: Observable<SourceStatus>;
  readonly #readings = new Subject<Reading>();
  readonly #status = new ReplaySubject<SourceStatus>(1);
  readonly #context: InputContext;
  readonly #open: OpenSerialLine;
  readonly #url: SerialUrl;
  readonly #baudRate: number;
  readonly #protocol: string;
  readonly #silentAfterMs: number;
  readonly #reader: FrameReader;
  readonly #stage: Stage;
  readonly #backoff = new Backoff({ maxMs: MAX_BACKOFF_MS });
  #state: SourceState | 'idle' = 'idle';
  /** Grows with each opening and closing: what belongs to an earlier one is ignored. */
  #session = 0;
  #line: SerialLine | undefined;
  readonly #timers = new Set<() => void>();
  #lastArrivalUs = 0;
  #lastReadingUs = 0;
  #bytesSinceReading = 0;
  #stopped: Promise<void> | undefined;

  constructor(config: SourceConfig, context: InputContext, open: OpenSerialLine) {
    if (config.protocol === undefined) {
      throw new UsageError(
        'PROTOCOL_MISSING',
        `source ${config.id} reads ${config.from} but names no protocol; add protocol: one of ${[...protocols.keys()].join(', ')}`,
      );
    }
    this.id = config.id;
    this.modality = config.modality;
    this.readings$ = this.#readings.asObservable();
    this.status$ = this.#status.asObservable();
    this.#context = context;
    this.#open = open;
    this.#url = parseSerialUrl(config.from);
    this.#protocol = config.protocol;
    this.#baudRate = this.#url.baudRate ?? protocolNamed(config.protocol).baudRate;
    this.#silentAfterMs = config.silentAfterMs ?? SILENT_AFTER_MS;
    this.#reader = new FrameReader(config.protocol, config.modality, {
      ...(config.fields === undefined ? {} : { fields: config.fields }),
      ...(config.width === undefined ? {} : { width: config.width }),
      ...(config.height === undefined ? {} : { height: config.height }),
    });
    this.#stage = context.ledger.stage(config.id, 'input', () => this.#reader.pending);
  }

  start(): void {
    if (this.#state !== 'idle') return;
    this.#say('starting', `opening ${this.#url.path}`);
    void this.#connect();
  }

  stop(): Promise<void> {
    this.#stopped ??= Promise.resolve().then(() => this.#finish());
    return this.#stopped;
  }

  async #finish(): Promise<void> {
    await this.#hangUp();
    this.#say('stopped', '');
    this.#status.complete();
    this.#readings.complete();
  }

  /** Never rejects. */
  async #connect(): Promise<void> {
    const session = ++this.#session;
    const isOver = (): boolean => session !== this.#session;
    try {
      const line = await this.#open(this.#url, this.#baudRate, {
        onBytes: (chunk) => {
          if (!isOver()) this.#take(chunk);
        },
        onLost: (reason) => {
          if (!isOver()) void this.#reopen('reconnecting', reason);
        },
      });
      if (isOver()) {
        await line.close();
        return;
      }
      this.#line = line;
    } catch (error) {
      if (!isOver()) void this.#reopen('reconnecting', messageOf(error));
      return;
    }
    // A silent device stays silent until it speaks, however often its port is opened.
    if (this.#state !== 'silent') this.#say('starting', `${this.#url.path} is open, no reading yet`);
    this.#lastReadingUs = Math.max(this.#lastReadingUs, this.#context.clock.nowUs());
    this.#bytesSinceReading = 0;
    this.#watch();
    this.#probe(isOver);
  }

  #take(chunk: Uint8Array): void {
    const arrivalUs = this.#context.clock.nowUs();
    const readings = this.#reader.read(chunk, this.#stage);
    this.#bytesSinceReading += chunk.length;
    if (readings.length > 0) {
      this.#bytesSinceReading = 0;
      this.#lastReadingUs = arrivalUs;
      this.#backoff.reset();
      if (this.#state !== 'live') this.#say('live', '');
    }
    this.#emit(readings, arrivalUs);
  }

  /**
   * Readings of one chunk were sent one after the other since the chunk before: they are spread over that time, the last one at the
   * arrival. Drivers collect for up to 16 ms, which is three readings of 200 Hz.
   */
  #emit(readings: readonly AssembledReading[], arrivalUs: number): void {
    const sinceUs = Math.min(Math.max(0, arrivalUs - this.#lastArrivalUs), MAX_SPREAD_US);
    const spacingUs = readings.length > 1 ? Math.floor(sinceUs / readings.length) : 0;
    this.#lastArrivalUs = Math.max(this.#lastArrivalUs, arrivalUs);
    for (const [i, reading] of readings.entries()) {
      this.#readings.next({ arrivalUs: this.#lastArrivalUs - (readings.length - 1 - i) * spacingUs, ...reading });
    }
  }

  #watch(): void {
    const silentMs = (this.#context.clock.nowUs() - this.#lastReadingUs) / 1000;
    if (silentMs < this.#silentAfterMs) this.#after(this.#silentAfterMs - silentMs, () => this.#watch());
    else void this.#reopen('silent', this.#whySilent());
  }

  #whySilent(): string {
    const seconds = Math.round(this.#silentAfterMs / 100) / 10;
    const { path } = this.#url;
    return this.#bytesSinceReading > 0
      ? `${this.#bytesSinceReading} bytes came from ${path} in ${seconds} s but no ${this.#protocol} reading: check protocol and baud (now ${this.#baudRate})`
      : `nothing came from ${path} for ${seconds} s: does the device have power, and does it send by itself?`;
  }

  #probe(isOver: () => boolean): void {
    this.#after(PROBE_EVERY_MS, () => {
      void this.#line?.probe().then((reason) => {
        if (isOver()) return;
        if (reason !== undefined) void this.#reopen('reconnecting', reason);
        else this.#probe(isOver);
      });
    });
  }

  async #reopen(state: SourceState, reason: string): Promise<void> {
    this.#say(state, reason);
    this.#context.log.warn({ source: this.id, state }, reason);
    await this.#hangUp();
    if (!this.#stopped) this.#after(this.#backoff.next(), () => void this.#connect());
  }

  /** Ends the present session and frees its port, waiting for that no longer than a second. */
  async #hangUp(): Promise<void> {
    this.#session++;
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    const line = this.#line;
    this.#line = undefined;
    this.#emit(this.#reader.interrupt(this.#stage), this.#context.clock.nowUs());
    if (!line) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#context.clock.after(CLOSE_WITHIN_MS, resolve);
      void line.close().then(() => {
        cancel();
        resolve();
      });
    });
  }

  #after(delayMs: number, callback: () => void): void {
    const cancel = this.#context.clock.after(delayMs, () => {
      this.#timers.delete(cancel);
      callback();
    });
    this.#timers.add(cancel);
  }

  #say(state: SourceState, reason: string): void {
    this.#state = state;
    this.#status.next({ source: this.id, state, reason });
  }
}

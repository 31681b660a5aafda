import type { Observable } from 'rxjs';
import { Backoff } from '../core/backoff.ts';
import type { Source } from '../core/source.ts';
import type { SourceConfig } from '../core/source-config.ts';
import type { Modality, Reading, SourceStatus } from '../core/types.ts';
import { ChildStream } from './child-stream.ts';
import type { InputContext } from './context.ts';
import { SourcePort } from './source-port.ts';

/** The program that captures, e.g. ffmpeg with its arguments. */
export interface CaptureCommand {
  readonly command: string;
  readonly args: readonly string[];
}

/** Turns the bytes of one run of the program into readings. */
export interface CaptureReader {
  /** THE BYTES MAY BE REUSED AFTER THE CALL. What it promises is waited for before more is read: the program waits then as well. */
  read(chunk: Buffer, arrivalUs: number, emit: (reading: Reading) => void): void | Promise<void>;
  /** The program ended: what is half here is lost, and counted. */
  interrupt(): void;
}

export interface CaptureOptions {
  readonly config: SourceConfig;
  readonly context: InputContext;
  readonly command: CaptureCommand;
  readonly reader: CaptureReader;
  /** A file without `loop`: its end is the end, not a fault. */
  readonly isFinite: boolean;
}

/** Cameras and network streams take a while before the first picture. */
const SILENT_AFTER_MS = 5000;

/** A camera or microphone read through a child process: begun again with backoff when it dies, and when it hangs. */
export class CaptureSource implements Source {
  readonly id: string;
  readonly modality: Modality;
  readonly readings$: Observable<Reading>;
  readonly status$: Observable<SourceStatus>;
  readonly #options: CaptureOptions;
  readonly #port: SourcePort;
  readonly #backoff = new Backoff();
  #child: ChildStream | undefined;
  #cancelRestart: () => void = () => undefined;
  #isStopped = false;
  #hasRead = false;

  constructor(options: CaptureOptions) {
    const { config, context } = options;
    this.#options = options;
    this.id = config.id;
    this.modality = config.modality;
    this.#port = new SourcePort(config.id, {
      clock: context.clock,
      silentAfterMs: config.silentAfterMs ?? SILENT_AFTER_MS,
      onSilent: () => void this.#replaceHung(),
    });
    this.readings$ = this.#port.readings$;
    this.status$ = this.#port.status$;
  }

  start(): void {
    if (this.#child || this.#isStopped) return;
    this.#port.say('starting', `opening ${this.#options.config.from}`);
    this.#run();
  }

  async stop(): Promise<void> {
    if (!this.#isStopped) {
      this.#isStopped = true;
      this.#cancelRestart();
      this.#port.unwatch();
      await this.#child?.stop();
      this.#options.reader.interrupt();
    }
    this.#port.close();
  }

  #run(): void {
    const { command, args } = this.#options.command;
    const { clock } = this.#options.context;
    const { reader } = this.#options;
    this.#hasRead = false;
    this.#port.watch();
    this.#child = new ChildStream({
      command,
      args,
      onBytes: (chunk) => {
        if (!this.#hasRead) this.#backoff.reset();
        this.#hasRead = true;
        return reader.read(chunk, clock.nowUs(), (reading) => this.#port.emit(reading));
      },
      onEnd: ({ reason, missing, ok }) => {
        reader.interrupt();
        this.#port.unwatch();
        if (missing) this.#port.say('failed', reason);
        else if (ok && this.#options.isFinite && this.#hasRead) {
          this.#isStopped = true;
          this.#port.close('end of file');
        } else this.#restart(reason);
      },
    });
  }

  #restart(reason: string): void {
    const delayMs = this.#backoff.next();
    this.#port.say('reconnecting', reason);
    this.#cancelRestart = this.#options.context.clock.after(delayMs, () => {
      if (!this.#isStopped) this.#run();
    });
  }

  async #replaceHung(): Promise<void> {
    await this.#child?.stop();
    this.#options.reader.interrupt();
    if (!this.#isStopped)
      this.#restart(
        `${this.#options.command.command} hung: no bytes for ${(this.#options.config.silentAfterMs ?? SILENT_AFTER_MS) / 1000} s`,
      );
  }
}

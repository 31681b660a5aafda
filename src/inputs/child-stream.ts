import { spawn, type ChildProcess } from 'node:child_process';

export interface ChildStreamOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** THE BYTES MAY BE REUSED AFTER THE CALL. No more is read, and `onEnd` not called, before what it promises has come true. */
  readonly onBytes: (chunk: Buffer) => void | Promise<void>;
  /** Called once, with why it ended in plain words; `missing` where the program is not installed. */
  readonly onEnd: (end: { readonly reason: string; readonly missing: boolean; readonly ok: boolean }) => void;
}

/** A stopped program gets so long to end by itself. */
const KILL_AFTER_MS = 2000;
const KEPT_WORDS = 2000;

/** A child process whose standard output is read without end, and whose complaints are kept for the reason. */
export class ChildStream {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #isStopping = false;

  constructor({ command, args, onBytes, onEnd }: ChildStreamOptions) {
    let words = '';
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    let busy: Promise<void> | undefined;
    child.stdout.on('data', (chunk: Buffer) => {
      // When the program ends Node resumes what was paused: those bytes wait as well.
      const done = busy ? busy.then(() => onBytes(chunk)) : onBytes(chunk);
      if (!done) return;
      child.stdout.pause();
      const mine = done.finally(() => {
        if (busy !== mine) return;
        busy = undefined;
        child.stdout.resume();
      });
      busy = mine;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (words = (words + text).slice(-KEPT_WORDS)));
    this.#ended = new Promise((resolve) => {
      let isOver = false;
      const end = (reason: string, missing: boolean, ok: boolean): void => {
        if (isOver) return;
        isOver = true;
        const over = (): void => {
          resolve();
          if (!this.#isStopping) onEnd({ reason, missing, ok });
        };
        if (busy) void busy.then(over);
        else over();
      };
      child.once('error', (error: NodeJS.ErrnoException) =>
        end(
          error.code === 'ENOENT' ? `${command} is not installed: sudo apt-get install -y ${packageOf(command)}` : error.message,
          error.code === 'ENOENT',
          false,
        ),
      );
      child.once('close', (code, signal) =>
        end(
          `${command} ended with ${signal ? `signal ${signal}` : `code ${code ?? '?'}`}${words ? `: ${lastLine(words)}` : ''}`,
          false,
          code === 0,
        ),
      );
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the program, by force if it must be; `onEnd` is not called. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGTERM');
      // A stopped (SIGSTOP) program does not hear SIGTERM.
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), KILL_AFTER_MS);
      await this.#ended;
      clearTimeout(timer);
    }
  }
}

const packageOf = (command: string): string => (command.startsWith('gst') ? 'gstreamer1.0-tools' : command);
const lastLine = (words: string): string => words.trim().split('\n').at(-1) ?? '';

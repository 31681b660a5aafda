import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Backoff } from '../core/backoff.ts';
import { EdgeBindError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { SourceConfig } from '../core/source-config.ts';
import { hostClock } from '../core/time.ts';

/** The command line tool, seen from `src/runtime` or from `dist/src/runtime`. */
const tool = ['../../bin/edgebind.js', '../../../bin/edgebind.js']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync);

/** On a busy small machine a second Node and its first sounds take their time. */
const STARTS_WITHIN_MS = 120_000;

export interface SimulatorProcessOptions {
  readonly scene: string;
  readonly seed: number;
  /** Moment of the scene to begin at, seconds. */
  readonly atSeconds: number;
  readonly mqttUrl: string;
  readonly topic: string;
  readonly serialDir: string;
  readonly log: Log;
}

/** `edgebind simulate` as a child process, brought back with the same addresses when it dies. It ends with its parent. */
export class SimulatorProcess {
  readonly #options: SimulatorProcessOptions;
  readonly #backoff = new Backoff();
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #port = 0;
  #isStopped = false;
  #cancelRestart = (): void => undefined;

  private constructor(options: SimulatorProcessOptions) {
    this.#options = options;
  }

  /** @throws EdgeBindError `SIMULATOR_FAILED` with what the child said last */
  static async start(options: SimulatorProcessOptions): Promise<{ process: SimulatorProcess; endpoints: readonly SourceConfig[] }> {
    const made = new SimulatorProcess(options);
    return { process: made, endpoints: await made.#launch() };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancelRestart();
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.stdin.end();
    child.kill('SIGTERM');
    const giveUp = hostClock.after(3000, () => child.kill('SIGKILL'));
    await closed;
    giveUp();
  }

  async #launch(): Promise<readonly SourceConfig[]> {
    const { scene, seed, atSeconds, mqttUrl, topic, serialDir, log } = this.#options;
    if (tool === undefined) throw new EdgeBindError('SIMULATOR_FAILED', 'bin/edgebind.js is missing: install the package again');
    const args = [
      'simulate',
      '--scene',
      scene,
      '--seed',
      seed,
      '--at',
      atSeconds,
      '--topic',
      topic,
      '--serial',
      serialDir,
      '--port',
      this.#port,
      '--json',
      '--until-stdin-closes',
    ];
    // The broker's URL may hold a password, and arguments can be read by everybody on the machine.
    const child = spawn(process.execPath, [tool, ...args.map(String)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, EDGEBIND_MQTT: mqttUrl },
    });
    this.#child = child;
    child.stdin.on('error', () => undefined);
    const said: string[] = [];
    const lastWords = (): string => (said.length > 0 ? said.join('; ') : 'it said nothing');
    createInterface({ input: child.stderr }).on('line', (text) => {
      said.push(text);
      if (said.length > 3) said.shift();
      log.debug({ simulator: scene }, text);
    });
    const lines = createInterface({ input: child.stdout });
    const endpoints = await new Promise<readonly SourceConfig[]>((resolve, reject) => {
      const fail = (): void =>
        reject(new EdgeBindError('SIMULATOR_FAILED', `edgebind simulate --scene ${scene} did not start: ${lastWords()}`));
      const giveUp = hostClock.after(STARTS_WITHIN_MS, () => child.kill('SIGKILL'));
      child.once('error', fail);
      child.once('close', fail);
      lines.once('line', (text) => {
        giveUp();
        child.off('close', fail);
        resolve((JSON.parse(text) as { endpoints: readonly SourceConfig[] }).endpoints);
      });
    });
    lines.on('line', (text) => log.debug({ simulator: scene }, text));
    this.#port = Number(new URL(endpoints.find(({ modality }) => modality === 'image')?.from ?? 'http://127.0.0.1:0').port);
    child.once('close', (code, signal) => this.#restart(`ended with ${signal ?? `code ${code}`}: ${lastWords()}`));
    this.#backoff.reset();
    return endpoints;
  }

  #restart(reason: string): void {
    if (this.#isStopped) return;
    const delayMs = this.#backoff.next();
    this.#options.log.warn({ simulator: this.#options.scene, delayMs }, `the simulator ${reason}; it is started again`);
    this.#cancelRestart = hostClock.after(delayMs, () => {
      this.#launch().catch((error: unknown) =>
        this.#restart(`did not come back: ${error instanceof Error ? error.message : String(error)}`),
      );
    });
  }
}

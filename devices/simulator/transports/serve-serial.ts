import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { Backoff } from '../../../src/core/backoff.ts';
import { renderImu } from '../render-imu.ts';
import { READING_BYTES, witmotionFrames } from '../witmotion-frames.ts';
import type { DeviceContext } from './device-context.ts';
import { every } from './every.ts';

/** Unread bytes after which readings are dropped, as a real line would: about a fifth of a second. */
const MAX_UNREAD = 20 * READING_BYTES;

const NO_SOCAT = 'socat is not installed: apt-get install -y socat';
/** What setpriv answers where the program is missing, as a shell does. */
const EXEC_FAILED = 127;

export interface SerialDevice {
  readonly stop: () => Promise<void>;
}

/**
 * The motion sensor on a pseudo terminal that `socat` holds and that `path` links to.
 *
 * Like a sensor on a cable it talks into the air while nobody has the port open: `wait-slave` makes socat wait for a reader, and
 * says so, hence nobody is ever given readings of the past. When the reader goes, socat ends and the next one takes its place.
 */
export function serveSerial({ scene, clock, originUs, ledger, log }: DeviceContext, path: string): SerialDevice {
  const stage = ledger.stage('wrist', 'send');
  const backoff = new Backoff({ firstMs: 50, maxMs: 5000 });
  // While it waits for a reader socat does not look at its input, so the kernel has to tell it that this process was killed.
  let launcher = ['setpriv', '--pdeathsig', 'TERM'];
  let child: ChildProcessByStdio<Writable, null, Readable> | undefined;
  let isOpen = false;
  let isStopped = false;
  let cancelRestart = (): void => undefined;

  const complain = (fix: string): void =>
    log.error({ device: 'wrist' }, `the virtual motion sensor has no serial port (${fix}); the other devices go on`);

  const start = (): void => {
    const pty = `pty,raw,echo=0,b115200,link=${path},wait-slave,pty-interval=0.05`;
    const [program, ...args] = [...launcher, 'socat', '-d', '-d', '-t', '0', '-', pty];
    const made = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child = made;
    let isStarted = true;
    made.stdin.on('error', () => undefined);
    made.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (!text.includes('starting data transfer')) return;
      isOpen = true;
      backoff.reset();
    });
    made.on('error', (error: NodeJS.ErrnoException) => {
      isStarted = false;
      if (launcher.length > 0) {
        launcher = [];
        start();
      } else complain(error.code === 'ENOENT' ? NO_SOCAT : error.message);
    });
    made.on('close', (code) => {
      if (made !== child) return;
      isOpen = false;
      if (code === EXEC_FAILED) complain(NO_SOCAT);
      else if (!isStopped && isStarted) cancelRestart = clock.after(backoff.next(), start);
    });
  };
  start();

  const cancelReadings = every(clock, originUs, 1e6 / scene.rates.imu, (index) => {
    if (!isOpen || !child) return;
    stage.receive();
    if (child.stdin.writableLength > MAX_UNREAD) stage.drop('slowReader');
    else {
      child.stdin.write(witmotionFrames(renderImu(scene, index)));
      stage.emit();
    }
  });

  return {
    stop: async () => {
      isStopped = true;
      cancelReadings();
      cancelRestart();
      if (child && child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
        const closed = once(child, 'close');
        child.kill();
        await closed;
      }
      await rm(path, { force: true });
    },
  };
}

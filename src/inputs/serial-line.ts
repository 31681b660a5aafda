import { stat } from 'node:fs/promises';
import type { SerialPort } from 'serialport';
import { EdgeBindError, messageOf } from '../core/errors.ts';
import type { SerialUrl } from './serial-url.ts';

/** An open serial port, as much of it as a source needs. */
export interface SerialLine {
  /** Why the line is dead although nobody said so; undefined while it is well. Never rejects. */
  probe(): Promise<string | undefined>;
  /** Closes the port. Never rejects; a port that is closed already is fine. */
  close(): Promise<void>;
}

export interface SerialListener {
  /** THE BYTES MAY BE REUSED AFTER THE CALL. */
  onBytes(chunk: Uint8Array): void;
  /** The port closed itself or failed; called at most once. */
  onLost(reason: string): void;
}

export type OpenSerialLine = (url: SerialUrl, baudRate: number, listener: SerialListener) => Promise<SerialLine>;

/**
 * Opens a port with exclusive access.
 *
 * @throws EdgeBindError whose message says in plain words what is wrong and what to do
 */
export const openSerialLine: OpenSerialLine = async (url, baudRate, listener) => {
  const { path, dataBits, parity, stopBits } = url;
  let port: SerialPort;
  let device: string;
  try {
    // Loaded here, so that a machine without serial ports needs no native binding.
    const serial = await import('serialport');
    device = await deviceAt(path);
    port = new serial.SerialPort({ path, baudRate, dataBits, parity, stopBits, autoOpen: false });
    await settled((done) => {
      port.open(done);
    });
  } catch (error) {
    throw new EdgeBindError('SERIAL_OPEN', plainReason(path, messageOf(error)), { cause: error });
  }

  let over = false;
  const lost = (reason: string): void => {
    if (over) return;
    over = true;
    listener.onLost(reason);
  };
  port.on('data', (chunk: Buffer) => {
    if (!over) listener.onBytes(chunk);
  });
  port.on('error', (error: Error) => lost(plainReason(path, error.message)));
  port.on('close', () => lost(`${path} hung up`));
  if (url.send.length > 0) port.write(url.send);

  return {
    probe: async () => {
      if (!port.isOpen) return `${path} hung up`;
      const now = await deviceAt(path).catch(() => undefined);
      if (now === undefined) return `${path} is gone`;
      if (now !== device) return `${path} is another device now`;
      // Reading never tells of a hang-up on Linux (it returns nothing, for ever); waiting for output does, and costs nothing
      // where none is pending.
      const drained = await settled((done) => {
        port.drain(done);
      }).catch(messageOf);
      return drained === undefined ? undefined : `${path} hung up (${drained})`;
    },
    close: async () => {
      over = true;
      if (!port.isOpen) return;
      await settled((done) => {
        port.close(done);
      }).catch(() => undefined);
    },
  };
};

/** What the path leads to: a device plugged in again, or a link that points elsewhere, is another one. */
async function deviceAt(path: string): Promise<string> {
  const { dev, ino, rdev } = await stat(path);
  return `${dev}:${ino}:${rdev}`;
}

const settled = (call: (done: (error: Error | null) => void) => void): Promise<undefined> =>
  new Promise((resolve, reject) => {
    call((error) => {
      if (error) reject(error);
      else resolve(undefined);
    });
  });

/** serialport's errors have no code, only the words of `strerror`. */
function plainReason(path: string, message: string): string {
  if (/no such file|ENOENT/i.test(message)) return `${path} is not there: is the device plugged in? "edgebind devices" lists what is`;
  if (/permission denied|EACCES/i.test(message)) {
    return `no permission to open ${path}: run "sudo usermod -aG dialout $USER" and log in again (the group that "ls -l ${path}" names)`;
  }
  if (/cannot lock|temporarily unavailable|busy|EBUSY/i.test(message))
    return `${path} is in use by another program: "fuser ${path}" names it`;
  if (/inappropriate ioctl|not a serial|ENOTTY/i.test(message))
    return `${path} is no serial port, or does not take this baud rate (${message})`;
  return `${path}: ${message}`;
}

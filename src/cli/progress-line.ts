import type { WriteStream } from 'node:tty';

/** How often the line is written anew, in ms. */
const EVERY_MS = 200;

/** A line on the terminal that says how far long work is; nothing where stderr is no terminal. */
export function progressLine(stderr: NodeJS.WritableStream): { show: (text: string) => void; clear: () => void } {
  const isTerminal = (stderr as Partial<WriteStream>).isTTY === true;
  let shownAt = 0;
  return {
    show: (text) => {
      const now = performance.now();
      if (!isTerminal || now - shownAt < EVERY_MS) return;
      shownAt = now;
      stderr.write(`\r\x1b[K${text}`);
    },
    clear: () => {
      if (isTerminal && shownAt > 0) stderr.write('\r\x1b[K');
    },
  };
}

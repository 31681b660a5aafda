import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { EdgeBindError } from '../core/errors.ts';

/**
 * Writes texts as fast as their reader takes them.
 *
 * @returns false where the reader has gone away (`| head`), which is no failure
 * @throws EdgeBindError `OUTPUT_UNWRITABLE`
 */
export async function writeText(stdout: Writable, texts: AsyncIterable<string>): Promise<boolean> {
  // The listener stays: the error of the last write may come after the end, and would end the process were nobody listening.
  const pipe: { error?: NodeJS.ErrnoException } = {};
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    pipe.error ??= error;
  });
  for await (const text of texts) {
    if (pipe.error) break;
    if (!stdout.write(text)) await once(stdout, 'drain').catch(() => undefined);
  }
  await new Promise<void>((resolve) => {
    stdout.write('', () => {
      resolve();
    });
  });
  if (!pipe.error) return true;
  if (pipe.error.code === 'EPIPE') return false;
  throw new EdgeBindError('OUTPUT_UNWRITABLE', `cannot write the output: ${pipe.error.message}`, { cause: pipe.error });
}

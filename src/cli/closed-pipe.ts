/** What a shell says of a program that SIGPIPE ended. */
const SIGPIPE_EXIT = 141;

/**
 * What happens when the reader of our output goes away (`| head -1`): a command that prints ends, without a word; one that serves goes on,
 * since somebody else may need it. Node would end both with a stack trace.
 */
export function mindClosedPipes(isServing: boolean): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (!isServing) process.exit(SIGPIPE_EXIT);
    });
  }
}

import { EdgeBindError } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import { modalityOfFile } from './modality-of-file.ts';
import { progressLine } from './progress-line.ts';

/** A file and what it holds. */
export interface FileInput {
  readonly file: string;
  readonly modality: Modality;
}

/** Files with the sense that was said, or else the one that their names say. @throws UsageError `MODALITY_UNKNOWN` */
export const fileInputs = (files: readonly string[], modality: Modality | undefined): FileInput[] =>
  files.map((file) => ({ file, modality: modality ?? modalityOfFile(file) }));

/**
 * Does a piece of work on one file after the other, with progress on the terminal. A file that fails is named on stderr, and the
 * next one has its turn.
 *
 * @param work yields what it has of one file; `onSkipped` takes what in the file was left out, in words
 * @param onFailed hears of each file that failed
 */
export async function* perFile<T>(
  inputs: readonly FileInput[],
  stderr: NodeJS.WritableStream,
  work: (input: FileInput, onSkipped: (line: string) => void) => AsyncIterable<T>,
  onFailed: (file: string) => void,
): AsyncGenerator<T> {
  const progress = progressLine(stderr);
  const complain = (line: string): void => {
    progress.clear();
    stderr.write(`edgebind: ${line}\n`);
  };
  for (const [i, input] of inputs.entries()) {
    const { file } = input;
    progress.show(`${i + 1} of ${inputs.length}: ${file}`);
    try {
      for await (const one of work(input, (line) => complain(`${file}: left out: ${line}`))) {
        progress.clear();
        yield one;
      }
    } catch (error) {
      if (!(error instanceof EdgeBindError)) throw error;
      onFailed(file);
      complain(error.message.includes(file) ? error.message : `${file}: ${error.message}`);
    }
  }
  progress.clear();
}

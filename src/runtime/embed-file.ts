import type { Encoded, Encoders } from '../core/encoder.ts';
import { UsageError } from '../core/errors.ts';
import type { Modality } from '../core/types.ts';
import type { Signal } from '../frontends/signal-tensor.ts';
import type { Bundle, BundleEntry } from '../encoders/bundle.ts';
import { signalInputs, type TimedInput } from '../encoders/signal-inputs.ts';
import { readSignal } from '../inputs/signal-files/read-signal.ts';

/** One window of a file. Times: microseconds from the beginning (motion: as its rows have them); absent for pictures. */
export interface FileEmbedding extends Encoded {
  readonly startUs?: number;
  readonly endUs?: number;
}

export interface EmbedFileOptions {
  readonly bundle: Bundle;
  readonly encoders: Encoders;
  /** Hears what in the file was no part of a signal, in words. */
  readonly onSkipped?: (line: string) => void;
  /** Only this stretch of the file, in its own time: windows that lie within it, or one of what there is. Pictures have no time. */
  readonly startUs?: number | undefined;
  readonly endUs?: number | undefined;
}

/** Inputs that wait for their encoder at once: enough to keep the workers busy, few enough to hold an hour of sound in little memory. */
const AHEAD = 16;

/**
 * Embeds a file window by window, in order.
 *
 * @throws UsageError `NO_ENCODER` and those of `readSignal`; PayloadError for a signal that makes no input; EdgeBindError `QUERY_FAILED`
 */
export async function* embedFile(
  modality: Modality,
  file: string,
  { bundle, encoders, onSkipped, startUs, endUs }: EmbedFileOptions,
): AsyncGenerator<FileEmbedding> {
  const entry = bundle.entries.get(modality);
  if (!entry)
    throw new UsageError('NO_ENCODER', `${bundle.dir} has no encoder for ${modality}; it has ${[...bundle.entries.keys()].join(', ')}`);
  const { signal, skipped } = await readSignal(modality, file, entry.frontEnd);
  for (const line of skipped) onSkipped?.(line);
  yield* embedSignal(modality, stretch(signal, startUs, endUs), entry, encoders);
}

/**
 * Embeds a whole signal window by window, in order.
 *
 * @throws PayloadError for a signal that makes no input; EdgeBindError `QUERY_FAILED`
 */
export async function* embedSignal(
  modality: Modality,
  signal: Signal,
  entry: BundleEntry,
  encoders: Encoders,
): AsyncGenerator<FileEmbedding> {
  const waiting: Promise<FileEmbedding>[] = [];
  try {
    for (const timed of signalInputs(signal, entry)) {
      const next = embedded(timed, modality, encoders);
      // Its failure is heard when its turn comes; until then it is nobody's surprise.
      next.catch(() => undefined);
      waiting.push(next);
      if (waiting.length >= AHEAD) yield* settled(waiting);
    }
    while (waiting.length > 0) yield* settled(waiting);
  } finally {
    await Promise.allSettled(waiting);
  }
}

async function* settled(waiting: Promise<FileEmbedding>[]): AsyncGenerator<FileEmbedding> {
  const next = waiting.shift();
  if (next) yield await next;
}

async function embedded({ input, ...times }: TimedInput, modality: Modality, encoders: Encoders): Promise<FileEmbedding> {
  return { ...times, ...(await encoders.embedInput(modality, input)) };
}

/** The part of a signal between two times of its own; an end that is not given is the signal's. */
function stretch(signal: Signal, startUs = Number.NEGATIVE_INFINITY, endUs = Number.POSITIVE_INFINITY): Signal {
  switch (signal.kind) {
    case 'picture':
    case 'features':
      return signal;
    case 'sound': {
      const { rateHz, data } = signal.sound;
      const sample = (us: number): number => Math.max(0, Math.min(data.length, Math.round((us * rateHz) / 1e6)));
      return { kind: 'sound', sound: { ...signal.sound, data: data.subarray(sample(startUs), sample(endUs)) } };
    }
    case 'motion':
      return { kind: 'motion', rows: signal.rows.filter(({ timeUs }) => timeUs >= startUs && timeUs < endUs) };
  }
}

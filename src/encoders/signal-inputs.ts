import type { SingleInput } from '../core/encoder.ts';
import { PayloadError } from '../core/errors.ts';
import { evenClips } from '../frontends/even-clips.ts';
import { imuTensor, type ImuRow } from '../frontends/imu-tensor.ts';
import type { FrontEnd, ImuRecipe } from '../frontends/recipe.ts';
import type { Signal } from '../frontends/signal-tensor.ts';
import type { ManifestWindow } from './manifest.ts';
import { soundClips } from './sound-clips.ts';

/** One encoder input of a whole signal. Times are absent where the signal has none: a picture. */
export interface TimedInput {
  readonly startUs?: number;
  readonly endUs?: number;
  readonly input: SingleInput;
}

/** What a bundle says of a sense; a `BundleEntry` fits. */
interface SenseTerms {
  readonly frontEnd: FrontEnd;
  readonly window?: ManifestWindow;
}

/**
 * Cuts a whole signal, e.g. of a file, into the inputs that its encoder was made for: a picture as it is; a sound by the front end's
 * `clips` or else by the bundle's window and hop, times from its beginning; motion by window and hop from its first row, times as its
 * rows have them, windows without a row left out.
 *
 * @throws PayloadError for a signal that the front end makes no input of
 */
export function* signalInputs(signal: Signal, { frontEnd, window }: SenseTerms): Generator<TimedInput> {
  switch (signal.kind) {
    case 'picture':
      yield { input: { picture: signal.picture } };
      return;
    case 'features':
      for (const data of signal.rows) yield { input: { tensor: { shape: [data.length], data } } };
      return;
    case 'sound': {
      const clips = 'clips' in frontEnd && frontEnd.clips !== undefined ? evenClips(signal.sound, frontEnd, frontEnd.clips) : undefined;
      for (const { startUs, endUs, sound } of clips ?? soundClips(signal.sound, window)) yield { startUs, endUs, input: { sound } };
      return;
    }
    case 'motion':
      if (frontEnd.kind !== 'imu') throw new PayloadError('BAD_FRONT_END', `motion needs a front end of kind imu, not ${frontEnd.kind}`);
      yield* motionInputs(signal.rows, frontEnd, window);
  }
}

function* motionInputs(unsorted: readonly ImuRow[], recipe: ImuRecipe, window: ManifestWindow | undefined): Generator<TimedInput> {
  const rows = unsorted.toSorted((a, b) => a.timeUs - b.timeUs);
  const sizeUs = Math.round(recipe.seconds * 1e6);
  const hopUs = window?.kind === 'sliding' ? Math.round(window.hopMs * 1000) : sizeUs;
  const lastUs = rows.at(-1)?.timeUs ?? 0;
  const firstUs = rows[0]?.timeUs ?? 0;
  let from = 0;
  let to = 0;
  for (let startUs = firstUs; startUs === firstUs || startUs + sizeUs <= lastUs; startUs += hopUs) {
    const endUs = startUs + sizeUs;
    while (from < rows.length && (rows[from]?.timeUs ?? 0) < startUs) from++;
    while (to < rows.length && (rows[to]?.timeUs ?? 0) < endUs) to++;
    if (to > from) yield { startUs, endUs, input: { tensor: imuTensor(rows.slice(from, to), recipe, startUs) } };
  }
}

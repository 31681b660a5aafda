import { PayloadError } from '../core/errors.ts';
import type { Pcm, Tensor } from '../core/types.ts';
import { MelFrames } from './mel-frames.ts';
import type { FrontEnd, LogMelRecipe } from './recipe.ts';

const machines = new WeakMap<LogMelRecipe, MelFrames>();

/** The frame machine of a recipe; made once, since its tables cost more than a frame. */
export function melFrames(recipe: LogMelRecipe): MelFrames {
  let machine = machines.get(recipe);
  if (!machine) {
    machine = new MelFrames(recipe);
    machines.set(recipe, machine);
  }
  return machine;
}

/**
 * The tensor of a whole sound at its recipe's rate: a log-mel spectrogram, or the wave itself for a `waveform` recipe.
 *
 * @throws PayloadError `SOUND_TOO_SHORT` for less than one frame, `NOT_FINITE`, `WRONG_RATE`, `BAD_FRONT_END`
 */
export function logMelBatch({ data, rateHz }: Pcm, recipe: FrontEnd): Tensor {
  if (recipe.kind !== 'log-mel' && recipe.kind !== 'waveform')
    throw new PayloadError('BAD_FRONT_END', `sound needs a front end of kind log-mel or waveform, not ${recipe.kind}`);
  if (rateHz !== recipe.rateHz) throw new PayloadError('WRONG_RATE', `sound of ${rateHz} Hz; the encoder wants ${recipe.rateHz} Hz`);
  requireFinite(data);
  if (recipe.kind === 'waveform') {
    const wave = new Float32Array(Math.round(recipe.seconds * rateHz));
    wave.set(data.subarray(0, wave.length));
    return { shape: [wave.length], data: wave };
  }
  const machine = melFrames(recipe);
  const samples = recipe.center ? mirrored(data, recipe.fftSize >> 1) : data;
  const count = machine.framesIn(samples.length);
  if (count < 1) throw new PayloadError('SOUND_TOO_SHORT', `${data.length} samples are less than one frame of ${recipe.windowSamples}`);
  const wanted = Math.min(count, recipe.frames);
  const frames = new Float32Array(wanted * recipe.mels);
  for (let i = 0; i < wanted; i++) machine.compute(samples, i * recipe.hopSamples, frames, i * recipe.mels);
  return melTensor(frames, wanted, recipe);
}

/** @throws PayloadError `NOT_FINITE` */
export function requireFinite(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) throw new PayloadError('NOT_FINITE', `sample ${i} of the sound is ${data[i] ?? 'missing'}`);
  }
}

/** Frames (rows of mels) as the encoder wants them: cut or filled, normalised, laid out. */
export function melTensor(frames: Float32Array, count: number, { frames: wanted, mels, pad, mean, std, layout }: LogMelRecipe): Tensor {
  const data = new Float32Array(wanted * mels).fill((pad - mean) / std);
  const used = Math.min(count, wanted);
  for (let t = 0; t < used; t++) {
    for (let m = 0; m < mels; m++) data[layout === 'time-mel' ? t * mels + m : m * wanted + t] = ((frames[t * mels + m] ?? 0) - mean) / std;
  }
  return { shape: layout === 'time-mel' ? [wanted, mels] : [mels, wanted], data };
}

/** The sound with `by` samples mirrored at both ends, the end samples not repeated. */
function mirrored(data: Float32Array, by: number): Float32Array {
  const out = new Float32Array(data.length + 2 * by);
  const last = data.length - 1;
  for (let i = 0; i < out.length; i++) {
    let at = Math.abs(i - by);
    if (at > last) at = Math.max(0, 2 * last - at);
    out[i] = data[at] ?? 0;
  }
  return out;
}

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
    if (data.length === 0) throw new PayloadError('SOUND_TOO_SHORT', 'the sound has no samples at all');
    const wave = new Float32Array(Math.round(recipe.seconds * rateHz));
    wave.set(data.subarray(0, wave.length));
    return { shape: [wave.length], data: wave };
  }
  const machine = melFrames(recipe);
  if (data.length < recipe.windowSamples)
    throw new PayloadError('SOUND_TOO_SHORT', `${data.length} samples are less than one frame of ${recipe.windowSamples}`);
  const used = filled(data, recipe);
  const samples = recipe.center ? mirrored(used, recipe.fftSize >> 1) : used;
  const count = frameCount(recipe, samples.length);
  const frames = new Float32Array(count * recipe.mels);
  for (let i = 0; i < count; i++) machine.compute(samples, i * recipe.hopSamples, frames, i * recipe.mels);
  return recipe.patches ? patchTensor(frames, count, recipe) : melTensor(frames, count, recipe);
}

/** Frames of YAMNet's patch, 0.96 s. */
const PATCH_FRAMES = 96;

/** How many frames of so many samples (mirrored ends included) the tensor takes. */
export function frameCount(recipe: LogMelRecipe, samples: number): number {
  const ends = recipe.center ? recipe.fftSize : 0;
  const used = recipe.seconds === undefined ? samples : Math.min(samples, Math.round(recipe.seconds * recipe.rateHz) + ends);
  const count = melFrames(recipe).framesIn(used);
  return recipe.patches ? count : Math.min(count, recipe.frames ?? count);
}

/** The sound at the length that its recipe wants: cut, repeated, or silent up to a whole patch. */
function filled(data: Float32Array, { rateHz, seconds, fill, patches, frames, hopSamples, windowSamples }: LogMelRecipe): Float32Array {
  const wanted = seconds === undefined ? data.length : Math.round(seconds * rateHz);
  const used = data.subarray(0, wanted);
  if (patches) {
    const first = windowSamples + ((frames ?? PATCH_FRAMES) - 1) * hopSamples;
    const hop = ((frames ?? PATCH_FRAMES) >> 1) * hopSamples;
    const out = new Float32Array(first + Math.max(0, Math.ceil((used.length - first) / hop)) * hop);
    out.set(used);
    return out;
  }
  if (fill !== 'repeat' || used.length === wanted) return used;
  const out = new Float32Array(wanted);
  for (let at = 0; at + used.length <= wanted; at += used.length) out.set(used, at);
  return out;
}

/** @throws PayloadError `NOT_FINITE` */
export function requireFinite(data: Float32Array): void {
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) throw new PayloadError('NOT_FINITE', `sample ${i} of the sound is ${data[i] ?? 'missing'}`);
  }
}

/** Frames (rows of mels) as the encoder wants them: cut or filled, normalised, laid out. */
export function melTensor(frames: Float32Array, count: number, recipe: LogMelRecipe): Tensor {
  const { mels, pad, mean, std, layout, channels } = recipe;
  const wanted = recipe.frames ?? count;
  const data = new Float32Array(wanted * mels).fill((pad - mean) / std);
  const used = Math.min(count, wanted);
  for (let t = 0; t < used; t++) {
    for (let m = 0; m < mels; m++) data[layout === 'time-mel' ? t * mels + m : m * wanted + t] = ((frames[t * mels + m] ?? 0) - mean) / std;
  }
  const shape = layout === 'time-mel' ? [wanted, mels] : [mels, wanted];
  return { shape: channels === 1 ? [1, ...shape] : shape, data };
}

/** Overlapping runs of frames, each laid out as a tensor of its own: patch first. */
function patchTensor(frames: Float32Array, count: number, recipe: LogMelRecipe): Tensor {
  const size = recipe.frames ?? PATCH_FRAMES;
  const hop = Math.max(1, size >> 1);
  const patches: Tensor[] = [];
  for (let at = 0; at + size <= count; at += hop) {
    patches.push(melTensor(frames.subarray(at * recipe.mels, (at + size) * recipe.mels), size, { ...recipe, frames: size }));
  }
  return stacked(patches);
}

/** Tensors of one shape as one, with an axis of them in front. */
export function stacked(tensors: readonly Tensor[]): Tensor {
  const [first] = tensors;
  if (!first) throw new PayloadError('SOUND_TOO_SHORT', 'no clip or patch at all');
  const data = new Float32Array(first.data.length * tensors.length);
  tensors.forEach((tensor, i) => data.set(tensor.data, i * first.data.length));
  return { shape: [tensors.length, ...first.shape], data };
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

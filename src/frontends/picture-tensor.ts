import { PayloadError } from '../core/errors.ts';
import { SpareBuffers } from '../core/spare-buffers.ts';
import type { ArrayReading, Clip, Depth, Picture, RgbPicture, Tensor, Thermal } from '../core/types.ts';
import { decodeGrey16, decodePicture } from './decode-picture.ts';
import { geometry } from './geometry.ts';
import type { ArrayRecipe, DepthRecipe, FrontEnd, ImageRecipe, ThermalRecipe } from './recipe.ts';
import { resizeFloats } from './resize-floats.ts';
import { resizeToPlanes } from './resize-rgb.ts';

/** ImageBind's and LanguageBind's least distance in metres. */
const MIN_M = 0.01;
/** ImageBind's greatest distance in metres, and its least disparity. */
const MAX_M = 50;
const MIN_DISPARITY = 0.01;
const KELVIN = 273.15;

/** Pixels of pictures that are tensors by now: each camera's next picture has as many. */
const pixels = new SpareBuffers();

/**
 * A picture, heat map or depth map as the tensor that its encoder gets: channel, (frame,) row, column. A heat map may come as a 16-bit
 * grey PNG in centi-kelvin, a depth map as one in millimetres. Decoding runs off this thread.
 *
 * @param spare a buffer to make the tensor in, where it has exactly its size
 * @throws PayloadError `BAD_PICTURE`, `PICTURE_TOO_LARGE`, `BAD_FRONT_END`
 */
export async function pictureTensor(
  picture: Picture | Clip | Thermal | Depth | ArrayReading,
  recipe: FrontEnd,
  spare?: ArrayBuffer,
): Promise<Tensor> {
  if (recipe.kind === 'image') {
    if (picture.kind === 'clip') return clipTensor(await Promise.all(picture.frames.map(rgbOf)), recipe, spare);
    if (picture.kind === 'rgb24') return clipTensor([await rgbOf(picture)], recipe, spare);
    if (picture.kind === 'encoded') return encodedTensor(picture.bytes, recipe, spare);
  }
  if (recipe.kind === 'thermal') {
    if (picture.kind === 'thermal') return thermalTensor(picture, recipe, spare);
    if (picture.kind === 'encoded') {
      const { width, height, values } = await decodeGrey16(picture.bytes);
      return thermalTensor({ kind: 'thermal', width, height, celsius: Float32Array.from(values, (v) => v / 100 - KELVIN) }, recipe, spare);
    }
  }
  if (recipe.kind === 'depth') {
    if (picture.kind === 'depth') return depthTensor(picture, recipe, spare);
    if (picture.kind === 'encoded') {
      const { width, height, values } = await decodeGrey16(picture.bytes);
      return depthTensor({ kind: 'depth', width, height, mm: values }, recipe, spare);
    }
  }
  if (recipe.kind === 'array' && picture.kind === 'array') {
    return rangedTensor(picture, { low: recipe.low, high: recipe.high }, recipe, spare);
  }
  throw new PayloadError('BAD_FRONT_END', `a front end of kind ${recipe.kind} makes nothing of ${picture.kind}`);
}

async function encodedTensor(bytes: Uint8Array, recipe: ImageRecipe, spare?: ArrayBuffer): Promise<Tensor> {
  const picture = await decodePicture(bytes, pixels);
  const tensor = clipTensor([picture], recipe, spare);
  if (picture.data.buffer instanceof ArrayBuffer) pixels.add([picture.data.buffer]);
  return tensor;
}

async function rgbOf(picture: Picture): Promise<RgbPicture> {
  if (picture.kind === 'encoded') return decodePicture(picture.bytes);
  checkSize(picture, picture.data.length, 3);
  return picture;
}

function checkSize({ width, height }: { width: number; height: number }, length: number, channels: number): void {
  if (width >= 1 && height >= 1 && length === width * height * channels) return;
  throw new PayloadError(
    'BAD_PICTURE',
    `${length} values for ${width}x${height}x${channels}; wanted ${width * height * channels}, and more than none`,
  );
}

/**
 * One frame: channel, row, column; the newest. More: channel, frame, row, column; as many of the clip's, evenly spaced from the first to
 * the last, as NumPy's `linspace` cut to whole numbers; where it has fewer, some stand several times.
 */
function clipTensor(frames: readonly RgbPicture[], recipe: ImageRecipe, spare?: ArrayBuffer): Tensor {
  const { size, frames: count = 1 } = recipe;
  const newest = frames.at(-1);
  if (!newest) throw new PayloadError('BAD_PICTURE', 'a clip without a picture');
  if (count === 1) return rgbTensor(newest, recipe, spare);
  const plane = size * size;
  const out = new Float32Array(3 * count * plane);
  const indexes = Array.from({ length: count }, (_, frame) => Math.floor((frame * (frames.length - 1)) / (count - 1)));
  const tensors = frames.map((picture, index) => (indexes.includes(index) ? rgbTensor(picture, recipe).data : undefined));
  for (const [frame, index] of indexes.entries()) {
    const data = tensors[index];
    if (!data) continue;
    for (let channel = 0; channel < 3; channel++)
      out.set(data.subarray(channel * plane, (channel + 1) * plane), (channel * count + frame) * plane);
  }
  return { shape: [3, count, size, size], data: out };
}

function rgbTensor(picture: RgbPicture, recipe: ImageRecipe, spare?: ArrayBuffer): Tensor {
  const { size } = recipe;
  const data = recipe.antialias === false ? interpolatedRgb(picture, recipe, spare) : resizedRgb(picture, recipe, spare);
  return { shape: [3, size, size], data };
}

/** PIL's way: resized to whole bytes, then normalised. */
function resizedRgb(picture: RgbPicture, recipe: ImageRecipe, spare?: ArrayBuffer): Float32Array {
  const { size, resample } = recipe;
  const out = floatsIn(spare, 3 * size * size);
  // 256 possible values per channel: each is normalised once.
  const tables = Float32Array.from({ length: 768 }, (_, at) => normalised(at & 255, at >> 8, recipe));
  resizeToPlanes(picture, geometry(picture.width, picture.height, recipe), resample, tables, out);
  return out;
}

/** torch's way: resized and normalised in floating point. */
function interpolatedRgb({ width, height, data }: RgbPicture, recipe: ImageRecipe, spare?: ArrayBuffer): Float32Array {
  const { size, resample } = recipe;
  const to = geometry(width, height, recipe);
  const plane = size * size;
  const out = floatsIn(spare, 3 * plane);
  const values = new Float32Array(width * height);
  for (let channel = 0; channel < 3; channel++) {
    for (let i = 0, at = channel; i < values.length; i++, at += 3) values[i] = data[at] ?? 0;
    const resized = resizeFloats(values, width, height, to, resample, false);
    for (let i = 0; i < plane; i++) out[channel * plane + i] = normalised(resized[i] ?? 0, channel, recipe);
  }
  return out;
}

/** (value * scale - mean) / std in float32 steps, as torchvision does. */
function normalised(value: number, channel: number, { scale, mean, std }: ImageRecipe | ThermalRecipe | DepthRecipe | ArrayRecipe): number {
  const m = Math.fround(typeof mean === 'number' ? mean : (mean[channel] ?? 0));
  const s = Math.fround(typeof std === 'number' ? std : (std[channel] ?? 1));
  return Math.fround(Math.fround(Math.fround(value * scale) - m) / s);
}

interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

const thermalTensor = ({ width, height, celsius }: Thermal, recipe: ThermalRecipe, spare?: ArrayBuffer): Tensor =>
  rangedTensor({ width, height, values: celsius }, { low: recipe.lowC, high: recipe.highC }, recipe, spare);

/** Values outside the range are its ends: the same temperature is always the same number. */
function rangedTensor(
  plane: Plane,
  { low, high }: { readonly low: number; readonly high: number },
  recipe: ThermalRecipe | ArrayRecipe,
  spare?: ArrayBuffer,
): Tensor {
  checkSize(plane, plane.values.length, 1);
  const values = new Float32Array(plane.values.length);
  for (let i = 0; i < values.length; i++) values[i] = within(((plane.values[i] ?? 0) - low) / (high - low), 0, 1);
  return planes(resizedPlane(values, plane, recipe), recipe, spare);
}

function depthTensor(depth: Depth, recipe: DepthRecipe, spare?: ArrayBuffer): Tensor {
  checkSize(depth, depth.mm.length, 1);
  const { mm } = depth;
  const scale = depthScale(recipe);
  const values = new Float32Array(mm.length);
  if (recipe.holes === undefined) {
    for (let at = 0; at < mm.length; at++) values[at] = scale(mm[at] ?? 0);
    return planes(resizedPlane(values, depth, recipe), recipe, spare);
  }
  // A bilinear mix of a value and a hole would be a surface where there is none: both are resized with holes as 0, and divided.
  const known = new Float32Array(mm.length);
  for (let at = 0; at < mm.length; at++) {
    const millimetres = mm[at] ?? 0;
    if (millimetres === 0) continue;
    values[at] = scale(millimetres);
    known[at] = 1;
  }
  const shares = resizedPlane(known, depth, recipe);
  const sums = resizedPlane(values, depth, recipe);
  for (let at = 0; at < sums.length; at++) {
    const share = shares[at] ?? 0;
    sums[at] = share >= 0.5 ? (sums[at] ?? 0) / share : 0;
  }
  return planes(sums, recipe, spare);
}

/** Millimetres -> 0..1 of the recipe's range. */
function depthScale({ maxM = 10, baselineM, focalPx, maxDisparity }: DepthRecipe): (millimetres: number) => number {
  if (baselineM === undefined || focalPx === undefined) return (millimetres) => within(millimetres / 1000, MIN_M, maxM) / maxM;
  return (millimetres) =>
    within((baselineM * focalPx) / within(millimetres / 1000, MIN_M, MAX_M), MIN_DISPARITY, maxDisparity) / maxDisparity;
}

const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

function resizedPlane(
  values: Float32Array,
  { width, height }: Pick<Plane, 'width' | 'height'>,
  recipe: ThermalRecipe | DepthRecipe | ArrayRecipe,
): Float32Array {
  return resizeFloats(values, width, height, geometry(width, height, recipe), recipe.resample, recipe.antialias !== false);
}

/** A square of resized values in as many equal channels as the recipe wants. */
function planes(resized: Float32Array, recipe: ThermalRecipe | DepthRecipe | ArrayRecipe, spare?: ArrayBuffer): Tensor {
  const plane = resized.length;
  const out = floatsIn(spare, recipe.channels * plane);
  for (let channel = 0; channel < recipe.channels; channel++) {
    // Most recipes treat all channels alike.
    if (
      channel > 0 &&
      normalised(0, channel, recipe) === normalised(0, 0, recipe) &&
      normalised(1, channel, recipe) === normalised(1, 0, recipe)
    )
      out.copyWithin(channel * plane, 0, plane);
    else for (let i = 0; i < plane; i++) out[channel * plane + i] = normalised(resized[i] ?? 0, channel, recipe);
  }
  return { shape: [recipe.channels, recipe.size, plane / recipe.size], data: out };
}

/** So many floats, to be filled: in the spare buffer where it fits. */
const floatsIn = (spare: ArrayBuffer | undefined, length: number): Float32Array =>
  spare?.byteLength === length * 4 ? new Float32Array(spare) : new Float32Array(length);

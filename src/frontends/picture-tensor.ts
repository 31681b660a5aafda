import sharp from 'sharp';
import { messageOf, PayloadError } from '../core/errors.ts';
import type { Depth, EncodedPicture, Picture, RgbPicture, Tensor, Thermal } from '../core/types.ts';
import { geometry } from './geometry.ts';
import type { DepthRecipe, FrontEnd, ImageRecipe, ThermalRecipe } from './recipe.ts';
import { resizeBytes, resizeFloats } from './resize.ts';

/** A picture of more pixels is refused before its memory is spent. */
const MAX_PIXELS = 50_000_000;

sharp.cache(false);
sharp.concurrency(1);

/**
 * A picture, heat map or depth map as the tensor that its encoder gets: channel, row, column. Decoding runs off this thread.
 *
 * @throws PayloadError `BAD_PICTURE`, `PICTURE_TOO_LARGE`, `BAD_FRONT_END`
 */
export async function pictureTensor(picture: Picture | Thermal | Depth, recipe: FrontEnd): Promise<Tensor> {
  switch (picture.kind) {
    case 'encoded':
      return rgbTensor(await decode(picture), wanted(recipe, 'image'));
    case 'rgb24':
      return rgbTensor(checked(picture), wanted(recipe, 'image'));
    case 'thermal':
      return thermalTensor(picture, wanted(recipe, 'thermal'));
    case 'depth':
      return depthTensor(picture, wanted(recipe, 'depth'));
  }
}

function wanted<K extends FrontEnd['kind']>(recipe: FrontEnd, kind: K): Extract<FrontEnd, { kind: K }> {
  if (recipe.kind !== kind) throw new PayloadError('BAD_FRONT_END', `a ${kind} needs a front end of kind ${kind}, not ${recipe.kind}`);
  return recipe as Extract<FrontEnd, { kind: K }>;
}

/**
 * Decodes JPEG, PNG or WebP to 8-bit RGB, as it is stored: without turning it by its EXIF orientation, transparency left out.
 *
 * @throws PayloadError `BAD_PICTURE`, `PICTURE_TOO_LARGE`
 */
export async function decode({ bytes }: EncodedPicture): Promise<RgbPicture> {
  try {
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'truncated' })
      .toColourspace('srgb')
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { kind: 'rgb24', width: info.width, height: info.height, data: info.channels === 3 ? data : repeated(data) };
  } catch (cause) {
    const message = messageOf(cause);
    if (message.includes('pixel limit'))
      throw new PayloadError('PICTURE_TOO_LARGE', `a picture of more than ${MAX_PIXELS} pixels`, { cause });
    throw new PayloadError('BAD_PICTURE', `the picture cannot be decoded: ${message}`, { cause });
  }
}

/** A grey picture has one channel; an encoder wants it three times. */
function repeated(grey: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(grey.length * 3);
  for (let i = 0; i < grey.length; i++) rgb.fill(grey[i] ?? 0, i * 3, i * 3 + 3);
  return rgb;
}

function checked(picture: RgbPicture): RgbPicture {
  const { width, height, data } = picture;
  if (data.length !== width * height * 3)
    throw new PayloadError('BAD_PICTURE', `${data.length} bytes for ${width}x${height} RGB; wanted ${width * height * 3}`);
  return picture;
}

/** @internal exported for tests and for callers that have the pixels already */
export function rgbTensor({ width, height, data }: RgbPicture, recipe: ImageRecipe): Tensor {
  const { size, resample, scale, mean, std } = recipe;
  const pixels = resizeBytes(data, width, height, 3, geometry(width, height, recipe), resample);
  const plane = size * size;
  const out = new Float32Array(3 * plane);
  // 256 possible values per channel: normalise each once, in float32 steps as torchvision does.
  const table = new Float32Array(256);
  for (let channel = 0; channel < 3; channel++) {
    const m = Math.fround(mean[channel] ?? 0);
    const s = Math.fround(std[channel] ?? 1);
    for (let value = 0; value < 256; value++) {
      const unit = scale === 1 / 255 ? Math.fround(value / 255) : Math.fround(value * scale);
      table[value] = Math.fround(Math.fround(unit - m) / s);
    }
    for (let i = 0, at = channel; i < plane; i++, at += 3) out[channel * plane + i] = table[pixels[at] ?? 0] ?? 0;
  }
  return { shape: [3, size, size], data: out };
}

/** Temperatures outside the range are its ends: the same temperature is always the same number. */
function thermalTensor({ width, height, celsius }: Thermal, recipe: ThermalRecipe): Tensor {
  if (celsius.length !== width * height) throw new PayloadError('BAD_PICTURE', `${celsius.length} temperatures for ${width}x${height}`);
  const { lowC, highC } = recipe;
  return planes(
    celsius.map((t) => unit((t - lowC) / (highC - lowC))),
    width,
    height,
    recipe,
  );
}

function depthTensor({ width, height, mm }: Depth, recipe: DepthRecipe): Tensor {
  if (mm.length !== width * height) throw new PayloadError('BAD_PICTURE', `${mm.length} depths for ${width}x${height}`);
  const { maxM, baselineM, focalPx, maxDisparity } = recipe;
  if (baselineM !== undefined && focalPx !== undefined) {
    // Omnivore's rule: metres within 0.01..50, disparity within 0.01..maxDisparity, then to 0..1.
    const disparity = (millimetres: number): number =>
      Math.min(maxDisparity, Math.max(0.01, (baselineM * focalPx) / Math.min(50, Math.max(0.01, millimetres / 1000)))) / maxDisparity;
    return planes(Float32Array.from(mm, disparity), width, height, recipe);
  }
  const range = maxM ?? 10;
  return planes(
    Float32Array.from(mm, (millimetres) => unit(millimetres / 1000 / range)),
    width,
    height,
    recipe,
  );
}

const unit = (value: number): number => Math.min(1, Math.max(0, value));

function planes(values: Float32Array, width: number, height: number, recipe: ThermalRecipe | DepthRecipe): Tensor {
  const to = geometry(width, height, { ...recipe, ...('width' in recipe && { width: recipe.width }) });
  const resized = resizeFloats(values, width, height, to, recipe.resample);
  const plane = resized.length;
  const out = new Float32Array(recipe.channels * plane);
  for (let channel = 0; channel < recipe.channels; channel++) {
    const mean = typeof recipe.mean === 'number' ? recipe.mean : (recipe.mean[channel] ?? 0);
    const std = typeof recipe.std === 'number' ? recipe.std : (recipe.std[channel] ?? 1);
    for (let i = 0; i < plane; i++) out[channel * plane + i] = ((resized[i] ?? 0) * recipe.scale - mean) / std;
  }
  return { shape: [recipe.channels, to.cropHeight, to.cropWidth], data: out };
}

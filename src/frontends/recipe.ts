import { z } from 'zod';
import { UsageError } from '../core/errors.ts';
import { nearest } from '../core/nearest.ts';
import { presets } from './presets.ts';

const side = z.number().int().min(1).max(4096);
const three = z.tuple([z.number(), z.number(), z.number()]);
const rate = z.number().min(1).max(384_000);
const count = z.number().int().min(1).max(65_536);
const resample = z.enum(['bicubic', 'bilinear']);
const resize = z.enum(['shortest', 'squash']);

/** Without defaults in the stored form: a recipe that leaves them out keeps its space id. */
const resampling = {
  /** Absent or true: PIL's resize, whose filter widens as the picture shrinks. False: torch's `interpolate`, in floating point. */
  antialias: z.boolean().optional(),
  /** Half a pixel beside the middle: to the even neighbour (torchvision; the default), up (pytorchvideo), down (transformers). */
  cropRounding: z.enum(['half-even', 'up', 'down']).optional(),
};

const seconds = z.number().min(0.01).max(600);
/** Files only: the sound is cut into so many clips, and the tensor begins with an axis of them. Absent: its first clip, without that axis. */
const clips = z.number().int().min(1).max(64).optional();

/** Picture -> size x size, cut from the centre; (value * scale - mean) / std per channel; channel, row, column. */
const image = z.strictObject({
  kind: z.literal('image'),
  size: side,
  /** `shortest`: the shortest side becomes size / cropRatio; `squash`: both do. */
  resize,
  resample,
  ...resampling,
  cropRatio: z.number().min(0.1).max(1).default(1),
  /**
   * More than 1: channel, frame, row, column; pictures evenly spaced in time from the one `seconds` (default 2) before the newest to
   * the newest, or a still picture as often.
   */
  frames: z.number().int().min(1).max(32).optional(),
  seconds: z.number().positive().max(60).optional(),
  scale: z.number().default(1 / 255),
  mean: three,
  std: three,
});

/** Sound -> log-mel spectrogram. */
const logMel = z.strictObject({
  kind: z.literal('log-mel'),
  preset: z.string().optional(),
  rateHz: rate,
  windowSamples: count,
  hopSamples: count,
  fftSize: z
    .number()
    .int()
    .refine((n) => n >= 4 && (n & (n - 1)) === 0, 'must be a power of two'),
  window: z.enum(['hann-periodic', 'hann-symmetric', 'hamming-symmetric']),
  /** Subtract each frame's own mean. */
  removeDc: z.boolean().default(false),
  /** x[i] - preEmphasis * x[i - 1], the first sample against itself. */
  preEmphasis: z.number().min(0).max(1).default(0),
  /** Frames are centred: the sound is mirrored at both ends by half a window. */
  center: z.boolean().default(false),
  spectrum: z.enum(['magnitude', 'power']),
  /** `htk`, `kaldi`: triangles on the mel scale 1127 ln(1 + f / 700); `slaney`: triangles in Hz of equal area. */
  melScale: z.enum(['htk', 'kaldi', 'slaney']),
  mels: count,
  lowHz: z.number().min(0),
  highHz: z.number().min(1),
  /** ln(x + offset) or ln(max(x, floor)); `db`: 10 log10 of the same. */
  log: z.strictObject({ kind: z.enum(['ln', 'db']), offset: z.number().min(0).optional(), floor: z.number().min(0).optional() }),
  /** Only the first so many seconds count; of a sound that is cut into clips, the length of each. Absent: the whole sound. */
  seconds: seconds.optional(),
  /** What a sound shorter than `seconds` becomes; absent: it stays short. `repeat`: as often as it fits whole, then silence (LAION). */
  fill: z.literal('repeat').optional(),
  /** Frames of the tensor: what is more is cut, what is less is filled with `pad`, before mean and std. Absent: all that there are. */
  frames: count.optional(),
  /** Patches of `frames` (absent: 96), one every half of that; the sound is filled with silence up to a whole one (YAMNet). */
  patches: z.boolean().optional(),
  /** 1: the tensor begins with an axis of one channel. */
  channels: z.literal(1).optional(),
  clips,
  pad: z.number().default(0),
  mean: z.number().default(0),
  std: z.number().default(1),
  layout: z.enum(['time-mel', 'mel-time']),
});

/** Sound -> as it is, mono, at its rate; cut or filled with silence to its length. */
const waveform = z.strictObject({ kind: z.literal('waveform'), rateHz: rate, seconds, clips });

/** Degrees Celsius -> (t - lowC) / (highC - lowC), 0..1, resized; then as a picture. The same temperature is always the same number. */
const thermal = z.strictObject({
  kind: z.literal('thermal'),
  size: side,
  width: side.optional(),
  resize: resize.default('squash'),
  resample: resample.default('bilinear'),
  ...resampling,
  lowC: z.number(),
  highC: z.number(),
  channels: z.union([z.literal(1), z.literal(3)]),
  scale: z.number().default(1),
  mean: z.union([three, z.number()]).default(0),
  std: z.union([three, z.number()]).default(1),
});

/**
 * Millimetres -> metres within 0.01..maxM, by maxM; or, where they are given, disparity baselineM * focalPx / metres (0.01..50) within
 * 0.01..maxDisparity, by maxDisparity. Then as a picture.
 */
const depth = z.strictObject({
  kind: z.literal('depth'),
  size: side,
  resize: resize.default('squash'),
  resample: resample.default('bilinear'),
  ...resampling,
  maxM: z.number().positive().optional(),
  baselineM: z.number().positive().optional(),
  focalPx: z.number().positive().optional(),
  maxDisparity: z.number().positive().default(75),
  /**
   * What 0 mm, no value, does. Absent: it counts as nearest, as in the original code, which expects holes to have been filled. `skip`:
   * a pixel of the tensor is the weighted mean of the values beneath it alone, and 0 before scale, mean and std where they have less
   * than half of the weight.
   */
  holes: z.literal('skip').optional(),
  channels: z.union([z.literal(1), z.literal(3)]),
  scale: z.number().default(1),
  mean: z.union([three, z.number()]).default(0),
  std: z.union([three, z.number()]).default(1),
});

/** Irregular rows -> 6 x T on a grid of `rateHz`; acceleration x y z (m/s2), angular rate x y z (rad/s). */
const imu = z.strictObject({
  kind: z.literal('imu'),
  rateHz: rate,
  seconds: z.number().min(0.01).max(600),
  /** What a hole wider than maxGapMs, or the outside, is filled with: a line (the nearest value outside) or zero. */
  gaps: z.enum(['linear', 'zero']).default('linear'),
  maxGapMs: z.number().positive().default(100),
  /** Files only: where the grid begins; absent: at the first row. */
  startUs: z.number().optional(),
});

const many = z.array(z.number()).min(1).max(64);

/** Irregular rows of any sensor's channels -> channels x T on a grid of `rateHz`, as motion is; then (value - mean) / std per channel. */
const series = z
  .strictObject({
    kind: z.literal('series'),
    rateHz: z.number().min(0.01).max(384_000),
    seconds: z.number().min(0.01).max(600),
    gaps: z.enum(['linear', 'zero']).default('linear'),
    maxGapMs: z.number().positive().default(100),
    /** One for each channel. */
    mean: many,
    std: many,
  })
  .refine(({ mean, std }) => mean.length === std.length && std.every((one) => one > 0), 'mean and std: one for each channel, std above 0');

/** A map of any sensor's values -> (value - low) / (high - low), 0..1, resized; then as a picture of equal channels. */
const array = z
  .strictObject({
    kind: z.literal('array'),
    size: side,
    resize: resize.default('squash'),
    resample: resample.default('bilinear'),
    ...resampling,
    low: z.number(),
    high: z.number(),
    channels: z.union([z.literal(1), z.literal(3)]),
    scale: z.number().default(1),
    mean: z.union([three, z.number()]).default(0),
    std: z.union([three, z.number()]).default(1),
  })
  .refine(({ low, high }) => high > low, 'high must be above low');

/** Words -> ids. Each template is filled with the prompt, embedded, and the mean is taken. */
const text = z.strictObject({
  kind: z.literal('text'),
  /** A file of the bundle: a `tokenizer.json`, or CLIP's `bpe_simple_vocab_16e6.txt.gz`. */
  tokenizer: z.string().min(1),
  maxLength: count,
  /** The id that fills up to `maxLength`, for graphs of a fixed length (CLIP: 0). Absent: as many ids as the text has. */
  padId: z.number().int().min(0).optional(),
  templates: z.array(z.string().includes('{}')).min(1).default(['{}']),
});

/** A row of numbers that another network has made of a picture, as it is. */
const features = z.strictObject({ kind: z.literal('features'), size: z.number().int().min(1).max(65_536) });

export const frontEndSchema: z.ZodType<FrontEnd> = z.discriminatedUnion('kind', [
  image,
  logMel,
  waveform,
  thermal,
  depth,
  imu,
  text,
  features,
  series,
  array,
]);

export type ImageRecipe = z.output<typeof image>;
export type LogMelRecipe = z.output<typeof logMel>;
export type WaveformRecipe = z.output<typeof waveform>;
export type ThermalRecipe = z.output<typeof thermal>;
export type DepthRecipe = z.output<typeof depth>;
export type ImuRecipe = z.output<typeof imu>;
export type TextRecipe = z.output<typeof text>;
export type FeaturesRecipe = z.output<typeof features>;

export type SeriesRecipe = z.output<typeof series>;
export type ArrayRecipe = z.output<typeof array>;

/** How a signal becomes the input of its encoder, in full: nothing about it is a constant in the code. */
export type FrontEnd =
  | ImageRecipe
  | LogMelRecipe
  | WaveformRecipe
  | ThermalRecipe
  | DepthRecipe
  | ImuRecipe
  | TextRecipe
  | FeaturesRecipe
  | SeriesRecipe
  | ArrayRecipe;

/**
 * Expands a front-end fragment: the preset's fields, and over them those that are given.
 *
 * @throws UsageError `BAD_FRONT_END` with the field, what it should be, and the nearest known word
 */
export function parseFrontEnd(input: unknown): FrontEnd {
  const fragment: Record<string, unknown> = typeof input === 'object' && input !== null ? { ...input } : {};
  const kind = String(fragment['kind']);
  const name = fragment['preset'];
  const ofKind = presets[kind] ?? {};
  if (name !== undefined && (typeof name !== 'string' || !ofKind[name])) {
    const close = nearest(JSON.stringify(name).replaceAll('"', ''), Object.keys(ofKind));
    throw new UsageError(
      'BAD_FRONT_END',
      `preset ${JSON.stringify(name)} is unknown for ${kind}; ${close ? `did you mean "${close}"?` : `known: ${Object.keys(ofKind).join(', ') || 'none'}`}`,
    );
  }
  const merged = { ...(typeof name === 'string' ? ofKind[name] : {}), ...fragment };
  if (kind !== 'log-mel') delete merged['preset'];
  const result = frontEndSchema.safeParse(merged);
  if (result.success) return result.data;
  throw new UsageError(
    'BAD_FRONT_END',
    result.error.issues.map((issue) => `${issue.path.join('.') || 'front end'}: ${issue.message}`).join('; '),
  );
}

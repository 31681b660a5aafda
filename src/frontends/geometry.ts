/** The size a picture is resized to, and the part of it that is kept. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly cropWidth: number;
  readonly cropHeight: number;
}

/** Where a crop begins when it cannot be in the very middle: see `geometry`. */
export type CropRounding = 'half-even' | 'up' | 'down';

export interface GeometryTerms {
  readonly size: number;
  /** Wanted width where it is not `size`. */
  readonly width?: number | undefined;
  readonly resize: 'shortest' | 'squash';
  readonly cropRatio?: number;
  readonly cropRounding?: CropRounding | undefined;
}

/**
 * Resize (shortest side, or both; the longer side is cut off to a whole number) and centre crop. Half a pixel beside the middle goes
 * to the even neighbour as in torchvision, up as in pytorchvideo, or down as in transformers.
 */
export function geometry(
  inWidth: number,
  inHeight: number,
  { size, width: wanted = size, resize, cropRatio = 1, cropRounding = 'half-even' }: GeometryTerms,
): Geometry {
  const target = Math.round(size / cropRatio);
  let width = Math.round(wanted / cropRatio);
  let height = target;
  if (resize === 'shortest') {
    const shortest = Math.min(inWidth, inHeight);
    width = inWidth <= inHeight ? target : Math.trunc((target * inWidth) / shortest);
    height = inWidth <= inHeight ? Math.trunc((target * inHeight) / shortest) : target;
  }
  const whole = rounding[cropRounding];
  return { width, height, left: whole((width - wanted) / 2), top: whole((height - size) / 2), cropWidth: wanted, cropHeight: size };
}

const rounding: Readonly<Record<CropRounding, (x: number) => number>> = {
  up: Math.ceil,
  down: Math.floor,
  /** Python's round. */
  'half-even': (x) => {
    const floor = Math.floor(x);
    if (x - floor !== 0.5) return Math.round(x);
    return floor % 2 === 0 ? floor : floor + 1;
  },
};

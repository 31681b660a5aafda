/** The size a picture is resized to, and the part of it that is kept. */
export interface Geometry {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly top: number;
  readonly cropWidth: number;
  readonly cropHeight: number;
}

export interface GeometryTerms {
  readonly size: number;
  /** Wanted width where it is not `size`. */
  readonly width?: number | undefined;
  readonly resize: 'shortest' | 'squash';
  readonly cropRatio?: number;
}

/** torchvision's Resize (shortest side, or both) and CenterCrop, with their roundings. */
export function geometry(
  inWidth: number,
  inHeight: number,
  { size, width: wanted = size, resize, cropRatio = 1 }: GeometryTerms,
): Geometry {
  const target = Math.round(size / cropRatio);
  let width = Math.round(wanted / cropRatio);
  let height = target;
  if (resize === 'shortest') {
    const shortest = Math.min(inWidth, inHeight);
    width = inWidth <= inHeight ? target : Math.trunc((target * inWidth) / shortest);
    height = inWidth <= inHeight ? Math.trunc((target * inHeight) / shortest) : target;
  }
  return { width, height, left: halfEven((width - wanted) / 2), top: halfEven((height - size) / 2), cropWidth: wanted, cropHeight: size };
}

/** Python's round: a half goes to the even neighbour. */
function halfEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

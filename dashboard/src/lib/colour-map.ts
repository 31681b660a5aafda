/** 256 colours, as `0xAABBGGRR` words for an ImageData's buffer on a little-endian machine. */
export type ColourMap = Uint32Array;

interface Path {
  /** Lightness (0..1), chroma and hue (degrees) in OKLCh at share `t` of the way. */
  (t: number): { readonly light: number; readonly chroma: number; readonly hue: number };
}

/** Cold to hot: dark violet, red, orange, pale yellow. Lightness grows evenly, so that it also reads in grey. */
export const HEAT: ColourMap = colourMap((t) => ({
  light: 0.12 + 0.84 * t,
  chroma: 0.17 * Math.sin(Math.PI * Math.min(1, 0.1 + 0.9 * t)) ** 0.7 + 0.02,
  hue: 290 + 175 * t ** 0.85,
}));

/** Near to far: pale yellow-green, teal, deep blue. */
export const RANGE: ColourMap = colourMap((t) => ({
  light: 0.93 - 0.78 * t,
  chroma: 0.13 * Math.sin(Math.PI * (0.15 + 0.75 * t)) ** 0.7,
  hue: 115 + 160 * t,
}));

function colourMap(path: Path): ColourMap {
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const { light, chroma, hue } = path(i / 255);
    const angle = (hue * Math.PI) / 180;
    const [red, green, blue] = fromOklab(light, chroma * Math.cos(angle), chroma * Math.sin(angle));
    return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
  });
}

/** OKLab to 8-bit sRGB (Ottosson, "A perceptual color space for image processing", 2020); out of gamut is clipped. */
function fromOklab(light: number, a: number, b: number): [number, number, number] {
  const l = (light + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (light - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (light - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    gamma(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
    gamma(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
    gamma(-0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s),
  ];
}

function gamma(linear: number): number {
  const clipped = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055));
}

import { noise, uniform } from '../random.ts';

/** A patch of fur: an ellipse around `x`, `y`. */
export interface Patch {
  readonly seed: number;
  readonly count: number;
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  /** The hair is combed away from here. */
  readonly combX: number;
  readonly combY: number;
  /** Width of the dark and light bands, pixels over two pi. */
  readonly bands: number;
}

/** Single hairs in dark and light bands. Without them a network that knows photographs takes a drawn cat for a totem pole. */
export function fur({ seed, count, x, y, radiusX, radiusY, combX, combY, bands }: Patch): string {
  const strokes: string[] = [];
  for (let i = 0; i < count; i++) {
    const angle = 2 * Math.PI * uniform(seed, 4 * i);
    const out = Math.sqrt(uniform(seed, 4 * i + 1));
    const px = x + radiusX * out * Math.cos(angle);
    const py = y + radiusY * out * Math.sin(angle);
    const away = Math.atan2(py - combY, px - combX) + 0.5 * noise(seed, 4 * i + 2);
    const length = 7 + 7 * uniform(seed, 4 * i + 3);
    const band = Math.sin(Math.hypot(px - combX, (py - combY) * 1.2) / bands + Math.abs(px - x) / 22);
    const light = Math.max(18, Math.min(235, 116 + 62 * band + 34 * noise(seed + 1, i) - 40 * out * out));
    strokes.push(
      `<path d="M${px.toFixed(1)} ${py.toFixed(1)}l${(length * Math.cos(away)).toFixed(1)} ${(length * Math.sin(away)).toFixed(1)}" stroke="rgb(${Math.round(light * 1.04)},${Math.round(light * 0.9)},${Math.round(light * 0.72)})"/>`,
    );
  }
  return `<g stroke-width="1.500" stroke-linecap="round" opacity=".85">${strokes.join('')}</g>`;
}

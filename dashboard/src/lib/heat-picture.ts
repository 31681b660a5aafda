import type { SampleEvent } from '../../../src/client/index.ts';
import { HEAT, RANGE, type ColourMap } from './colour-map.ts';

/** What a picture of measurements says in numbers; positions are indices of pixels. */
export interface HeatFacts {
  readonly width: number;
  readonly height: number;
  readonly min: number;
  readonly max: number;
  readonly minAt: number;
  readonly maxAt: number;
  readonly centre: number;
}

/** How fast the colours' range shrinks towards a calmer picture, per picture. */
const SHRINK = 0.04;

/** Colours for thermal and depth pictures. The range widens at once and narrows slowly, so that colours do not flicker. */
export class HeatPicture {
  readonly isDepth: boolean;
  /** The narrowest range that is stretched to all colours. */
  readonly #leastSpan: number;
  readonly #map: ColourMap;
  #low = Number.NaN;
  #high = Number.NaN;
  #image: ImageData | undefined;
  #values: Float32Array | Uint16Array = new Float32Array(0);

  constructor(format: SampleEvent['format']) {
    this.isDepth = format === 'depth-u16';
    this.#leastSpan = this.isDepth ? 300 : 4;
    this.#map = this.isDepth ? RANGE : HEAT;
  }

  get image(): ImageData | undefined {
    return this.#image;
  }

  /** Value of one pixel; NaN where there is none. */
  valueAt(index: number): number {
    const value = this.#values[index] ?? Number.NaN;
    return this.isDepth && value === 0 ? Number.NaN : value;
  }

  /** Paints a sample into `image`. Undefined where its size does not fit its bytes, or nothing in it is a number. */
  paint({ data, width = 0, height = 0 }: SampleEvent): HeatFacts | undefined {
    const pixels = width * height;
    const bytes = this.isDepth ? 2 : 4;
    if (pixels === 0 || data.byteLength !== pixels * bytes) return undefined;
    this.#values = this.isDepth
      ? new Uint16Array(data.buffer, data.byteOffset, pixels)
      : new Float32Array(data.buffer, data.byteOffset, pixels);
    const facts = this.#facts(width, height);
    if (facts) this.#colour(facts);
    return facts;
  }

  #facts(width: number, height: number): HeatFacts | undefined {
    let minAt = -1;
    let maxAt = -1;
    let min = Infinity;
    let max = -Infinity;
    for (let i = 0; i < width * height; i++) {
      const value = this.valueAt(i);
      if (value < min) {
        min = value;
        minAt = i;
      }
      if (value > max) {
        max = value;
        maxAt = i;
      }
    }
    if (minAt < 0) return undefined;
    const centre = this.valueAt(Math.floor(height / 2) * width + Math.floor(width / 2));
    return { width, height, min, max, minAt, maxAt, centre };
  }

  #colour({ width, height, min, max }: HeatFacts): void {
    const margin = Math.max(0, this.#leastSpan - (max - min)) / 2;
    this.#low = follow(this.#low, min - margin, min - margin < this.#low);
    this.#high = follow(this.#high, max + margin, max + margin > this.#high);
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = new ImageData(width, height);
    const words = new Uint32Array(this.#image.data.buffer);
    const scale = 255 / (this.#high - this.#low);
    for (let i = 0; i < words.length; i++) {
      const value = this.valueAt(i);
      words[i] = Number.isNaN(value) ? 0xff000000 : (this.#map[Math.min(255, Math.max(0, Math.round((value - this.#low) * scale)))] ?? 0);
    }
  }
}

const follow = (old: number, wanted: number, widens: boolean): number =>
  Number.isNaN(old) || widens ? wanted : old + SHRINK * (wanted - old);

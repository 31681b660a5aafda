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

/** In about so long the colours' range has narrowed to a calmer picture. */
const NARROW_US = 2_000_000;

/** Colours for thermal and depth pictures. The range widens at once and narrows slowly, so that colours do not flicker. */
export class HeatPicture {
  readonly isDepth: boolean;
  /** The narrowest range that is stretched to all colours. */
  readonly #leastSpan: number;
  readonly #map: ColourMap;
  #low = Number.NaN;
  #high = Number.NaN;
  #timeUs = 0;
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
  paint({ data, timeUs, width = 0, height = 0 }: SampleEvent): HeatFacts | undefined {
    const pixels = width * height;
    const bytes = this.isDepth ? 2 : 4;
    if (pixels === 0 || data.byteLength !== pixels * bytes) return undefined;
    this.#values = this.isDepth
      ? new Uint16Array(data.buffer, data.byteOffset, pixels)
      : new Float32Array(data.buffer, data.byteOffset, pixels);
    const facts = this.#facts(width, height);
    if (facts) this.#colour(facts, Math.min(1, Math.max(0, (timeUs - this.#timeUs) / NARROW_US)));
    this.#timeUs = timeUs;
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

  #colour({ width, height, min, max }: HeatFacts, share: number): void {
    const margin = Math.max(0, this.#leastSpan - (max - min)) / 2;
    this.#low = follow(this.#low, min - margin, min - margin < this.#low ? 1 : share);
    this.#high = follow(this.#high, max + margin, max + margin > this.#high ? 1 : share);
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = new ImageData(width, height);
    const words = new Uint32Array(this.#image.data.buffer);
    const scale = 255 / (this.#high - this.#low);
    for (let i = 0; i < words.length; i++) {
      const value = this.valueAt(i);
      words[i] = Number.isNaN(value) ? 0xff000000 : (this.#map[Math.min(255, Math.max(0, Math.round((value - this.#low) * scale)))] ?? 0);
    }
  }
}

const follow = (old: number, wanted: number, share: number): number => (Number.isNaN(old) ? wanted : old + share * (wanted - old));

import type { RgbPicture } from '../core/types.ts';

/** "P6", width, height, 255, one white space; ffmpeg writes no comments. */
const LONGEST_HEADER = 32;
const MAX_SIDE = 16_384;

/**
 * Cuts a stream of binary PPM pictures (`ffmpeg -f image2pipe -c:v ppm`): each says its size, so that the camera may change it.
 * Each picture is one fresh buffer, filled in place and handed on.
 */
export class PpmStream {
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #headerBytes = 0;
  #size: { width: number; height: number } | undefined;
  #body: Uint8Array | undefined;
  #filled = 0;

  /** Whether a picture has begun and is not whole. */
  get isInside(): boolean {
    return this.#headerBytes > 0 || this.#body !== undefined;
  }

  /** Forgets a picture that is half here. */
  reset(): void {
    this.#headerBytes = 0;
    this.#body = undefined;
  }

  /**
   * Takes any piece of the stream and gives the pictures that it completes.
   *
   * @throws RangeError where the bytes are no PPM: the program does not do what it was asked
   */
  *push(chunk: Uint8Array): Generator<RgbPicture> {
    let at = 0;
    while (at < chunk.length) {
      if (!this.#body || !this.#size) {
        at = this.#readHeader(chunk, at);
        continue;
      }
      const take = Math.min(chunk.length - at, this.#body.length - this.#filled);
      this.#body.set(chunk.subarray(at, at + take), this.#filled);
      at += take;
      this.#filled += take;
      if (this.#filled < this.#body.length) continue;
      const picture: RgbPicture = { kind: 'rgb24', ...this.#size, data: this.#body };
      this.reset();
      yield picture;
    }
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      if (this.#headerBytes >= LONGEST_HEADER) throw new RangeError('the header of a PPM picture does not end');
      this.#header[this.#headerBytes++] = chunk[at] ?? 0;
      const match = /^P6\s+(\d+)\s+(\d+)\s+255\s$/.exec(this.#header.toString('latin1', 0, this.#headerBytes));
      if (!match) continue;
      const [width, height] = [Number(match[1]), Number(match[2])];
      if (!(width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE))
        throw new RangeError(`a picture of ${width}x${height} is not possible`);
      this.#size = { width, height };
      this.#body = new Uint8Array(width * height * 3);
      this.#filled = 0;
      return at + 1;
    }
    return chunk.length;
  }
}

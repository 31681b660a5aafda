/** A picture that claims more is none: the stream has lost its way. */
const MAX_BYTES = 64 * 1024 * 1024;
const FIRST_BYTES = 256 * 1024;

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;

/** Markers that stand alone; all others are followed by their length (ITU-T T.81, B.1.1.3). */
const isBare = (marker: number): boolean => marker === 0x01 || (marker >= 0xd0 && marker <= START);
/** A zero after 0xff is data, and so is a restart. */
const isData = (next: number): boolean => next === 0 || (next >= 0xd0 && next <= 0xd7);

/**
 * Cuts a stream of JPEG pictures, one right after the other (`ffmpeg -f image2pipe -c:v mjpeg`), by their markers: the bytes of an end
 * inside a segment are none. Each picture is a buffer of its own.
 */
export class JpegStream {
  #bytes = new Uint8Array(FIRST_BYTES);
  #filled = 0;
  /** How far it has been looked at. */
  #at = 0;
  #isInScan = false;

  /** Whether a picture has begun and is not whole. */
  get isInside(): boolean {
    return this.#filled > 0;
  }

  /** Forgets a picture that is half here. */
  reset(): void {
    this.#filled = 0;
    this.#at = 0;
    this.#isInScan = false;
  }

  /**
   * Takes any piece of the stream and gives the pictures that it completes. THE PIECE MAY BE REUSED once the first was asked for.
   *
   * @throws RangeError where the bytes are no JPEG: the program does not do what it was asked
   */
  *push(chunk: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    this.#append(chunk);
    for (let end = this.#findEnd(); end !== undefined; end = this.#findEnd()) {
      const picture = this.#bytes.slice(0, end);
      this.#bytes.copyWithin(0, end, this.#filled);
      const left = this.#filled - end;
      this.reset();
      this.#filled = left;
      yield picture;
    }
  }

  #append(chunk: Uint8Array): void {
    const wanted = this.#filled + chunk.length;
    if (wanted > MAX_BYTES) throw new RangeError(`a JPEG picture of more than ${MAX_BYTES} bytes`);
    if (wanted > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(wanted, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#filled));
      this.#bytes = grown;
    }
    this.#bytes.set(chunk, this.#filled);
    this.#filled = wanted;
  }

  /** Where the picture ends; undefined where that is not here yet. */
  #findEnd(): number | undefined {
    for (;;) {
      if (this.#isInScan) {
        if (!this.#skipData()) return undefined;
        continue;
      }
      const [first, marker] = [this.#byte(this.#at), this.#byte(this.#at + 1)];
      if (first === undefined || marker === undefined) return undefined;
      if (first !== 0xff) throw new RangeError(`no marker at byte ${this.#at} of a JPEG picture, but ${first}`);
      if (this.#at === 0 && marker !== START) throw new RangeError(`a JPEG picture that begins with marker ${marker}`);
      if (marker === END) return this.#at + 2;
      if (marker === 0xff) this.#at++;
      else if (isBare(marker)) this.#at += 2;
      else {
        const [high, low] = [this.#byte(this.#at + 2), this.#byte(this.#at + 3)];
        if (high === undefined || low === undefined) return undefined;
        const length = high * 256 + low;
        if (length < 2) throw new RangeError(`a segment of ${length} bytes in a JPEG picture`);
        if (this.#at + 2 + length > this.#filled) return undefined;
        this.#at += 2 + length;
        this.#isInScan = marker === SCAN;
      }
    }
  }

  /** Passes over the coded picture up to the next marker; false where that is not here yet. */
  #skipData(): boolean {
    for (;;) {
      const found = this.#bytes.indexOf(0xff, this.#at);
      if (found < 0 || found >= this.#filled) {
        this.#at = this.#filled;
        return false;
      }
      this.#at = found;
      const next = this.#byte(found + 1);
      if (next === undefined) return false;
      if (isData(next)) this.#at += 2;
      else if (next === 0xff) this.#at++;
      else {
        this.#isInScan = false;
        return true;
      }
    }
  }

  #byte(at: number): number | undefined {
    return at < this.#filled ? this.#bytes[at] : undefined;
  }
}

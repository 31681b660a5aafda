const FIRST_BYTES = 64 * 1024;
/** A message inside another is so small that one byte holds its length. */
const MAX_INSIDE = 127;

/** Wire types of protobuf. */
const [VARINT, BIT64, LENGTH, BIT32] = [0, 1, 2, 5];

/**
 * Writes protobuf messages one after the other into the same buffer: nothing is allocated for a field or a message, which at a thousand
 * readings a second is most of what a writer costs (https://protobuf.dev/programming-guides/encoding/).
 */
export class ProtoWriter {
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;

  /** What was written since the last one. IT IS A VIEW THAT THE NEXT FIELD OVERWRITES. */
  finish(): Uint8Array {
    const message = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    return message;
  }

  /** @param value a whole number, not negative */
  varint(field: number, value: number): this {
    this.#tag(field, VARINT, 10);
    this.#varint(value);
    return this;
  }

  fixed32(field: number, value: number): this {
    this.#tag(field, BIT32, 4);
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
    return this;
  }

  double(field: number, value: number): this {
    this.#tag(field, BIT64, 8);
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
    return this;
  }

  bytes(field: number, bytes: Uint8Array): this {
    this.#tag(field, LENGTH, 10 + bytes.length);
    this.#varint(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  text(field: number, text: string): this {
    return this.bytes(field, Buffer.from(text));
  }

  /** Whole numbers, packed as `sint64`: the first, and then each one's difference to the one before. */
  steps(field: number, values: Float64Array): this {
    let bytes = 0;
    let before = 0;
    for (const value of values) {
      for (let rest = zigzag(value - before); rest >= 128; rest = Math.floor(rest / 128)) bytes++;
      bytes++;
      before = value;
    }
    this.#tag(field, LENGTH, 10 + bytes);
    this.#varint(bytes);
    before = 0;
    for (const value of values) {
      this.#varint(zigzag(value - before));
      before = value;
    }
    return this;
  }

  /** Begins a message inside; give what it returns to `close`. */
  open(field: number): number {
    this.#tag(field, LENGTH, 1);
    return ++this.#at;
  }

  /** @throws RangeError where the message inside is longer than 127 bytes */
  close(opened: number): this {
    const length = this.#at - opened;
    if (length > MAX_INSIDE) throw new RangeError(`a message of ${length} bytes inside another; at most ${MAX_INSIDE}`);
    this.#bytes[opened - 1] = length;
    return this;
  }

  #tag(field: number, wire: number, room: number): void {
    if (this.#at + 5 + room > this.#bytes.length) this.#grow(this.#at + 5 + room);
    this.#varint(field * 8 + wire);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) + 128;
    this.#bytes[this.#at++] = rest;
  }

  #grow(atLeast: number): void {
    const bytes = new Uint8Array(Math.max(atLeast, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

const zigzag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);

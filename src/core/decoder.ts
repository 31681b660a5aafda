/** What a decoder read from the line: the name of the frame and its fields in SI units (see docs/protocols.md). */
export interface DecodedFrame {
  readonly frame: string;
  readonly [field: string]: unknown;
}

export interface DecoderStats {
  /** Frames whose checksum held. */
  frames: number;
  /** Frames that were framed but whose checksum or content did not hold. */
  badFrames: number;
  /** Bytes that belonged to no good frame. */
  skippedBytes: number;
}

/**
 * Incremental framing of a byte stream: `push` any chunking of the bytes, then take frames with `next` until it returns
 * undefined. The frames do not depend on how the bytes were cut. Bounded: a decoder never holds more than one maximal frame.
 *
 * THE BYTES GIVEN TO `push` MAY BE REUSED BY THE CALLER AFTER IT RETURNS.
 */
export interface FrameDecoder {
  push(chunk: Uint8Array): void;
  next(): DecodedFrame | undefined;
  /** The stream ended: what is left counts as skipped. */
  end(): void;
  readonly stats: Readonly<DecoderStats>;
}

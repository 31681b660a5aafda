import type { Segment, SegmentBlock } from './segment.ts';

/** Rows of segments, held for the next search; those not asked for the longest go first. */
export class BlockCache {
  readonly #maxBytes: number;
  readonly #blocks = new Map<Segment, SegmentBlock>();
  #bytes = 0;

  /** @param maxBytes of all together; the one that was asked for last is held whatever its size */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** All rows of a segment. @throws SegmentChangedError */
  get(segment: Segment): SegmentBlock {
    const known = this.#blocks.get(segment);
    const block = known?.count === segment.count ? known : segment.load(known);
    this.drop(segment);
    this.#blocks.set(segment, block);
    this.#bytes += block.bytes;
    for (const oldest of this.#blocks.keys()) {
      if (this.#bytes <= this.#maxBytes || oldest === segment) break;
      this.drop(oldest);
    }
    return block;
  }

  drop(segment: Segment): void {
    this.#bytes -= this.#blocks.get(segment)?.bytes ?? 0;
    this.#blocks.delete(segment);
  }
}

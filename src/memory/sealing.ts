import { sealSegment } from './seal-segment.ts';
import type { Segment } from './segment.ts';

export interface SealingOptions {
  /** Segments that are never written again. */
  readonly full: () => readonly Segment[];
  /** Whether a segment is still kept. */
  readonly isKept: (segment: Segment) => boolean;
  readonly replace: (old: Segment, sealed: Segment) => void;
}

/** Fewer rows are looked at one by one as fast. */
const MIN_ROWS = 1024;

/** Seals one segment after the other, a slice at a time, and those again that were found damaged. */
export class Sealing {
  readonly #options: SealingOptions;
  /** What cannot be sealed is tried again after a restart. */
  readonly #failed = new Set<string>();
  #now: { readonly segment: Segment; readonly work: Generator<void, Segment | undefined> } | undefined;
  #repaired = 0;

  constructor(options: SealingOptions) {
    this.#options = options;
  }

  /** Sealed segments whose table or records were damaged, and that were written anew. */
  get repaired(): number {
    return this.#repaired;
  }

  /** Works for so many ms. @returns false where there is nothing to do @throws what `fs` throws: that segment stays as it is */
  goOn(ms: number): boolean {
    const end = performance.now() + ms;
    do {
      this.#now ??= this.#next();
      if (!this.#now) return false;
      const { segment, work } = this.#now;
      if (!this.#options.isKept(segment)) {
        this.stop();
        continue;
      }
      try {
        const { done, value } = work.next();
        if (done !== true) continue;
        this.#now = undefined;
        if (value) this.#options.replace(segment, value);
        else this.#failed.add(segment.path);
        if (value && segment.header.sealed) this.#repaired++;
      } catch (error) {
        this.#now = undefined;
        this.#failed.add(segment.path);
        throw error;
      }
    } while (performance.now() < end);
    return true;
  }

  /** What is half done is left. */
  stop(): void {
    this.#now?.work.return(undefined);
    this.#now = undefined;
  }

  #next(): { readonly segment: Segment; readonly work: Generator<void, Segment | undefined> } | undefined {
    const segment = this.#options.full().find((one) => one.count >= MIN_ROWS && !this.#failed.has(one.path) && !one.table);
    return segment && { segment, work: sealSegment(segment) };
  }
}

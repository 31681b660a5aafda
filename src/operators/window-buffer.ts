import type { Payload, Sample } from '../core/types.ts';

/** Samples of one source in order of event time. Appending in order is O(1); a straggler is put in its place. */
export class WindowBuffer<P extends Payload> {
  #items: Sample<P>[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  at(index: number): Sample<P> | undefined {
    return this.#items[this.#head + index];
  }

  get newest(): Sample<P> | undefined {
    return this.#items.at(-1);
  }

  /** Equal times are ordered by sequence number, so that the arrival order leaves no trace. */
  insert(sample: Sample<P>): void {
    let index = this.#items.length;
    while (index > this.#head && isBefore(sample, this.#items[index - 1])) index--;
    if (index === this.#items.length) this.#items.push(sample);
    else this.#items.splice(index, 0, sample);
  }

  /** Index of the first sample with `timeUs >= time`. */
  lowerBound(timeUs: number): number {
    let low = this.#head;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.timeUs ?? 0) < timeUs) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  slice(from: number, to: number): Sample<P>[] {
    return this.#items.slice(this.#head + from, this.#head + to);
  }

  /** Forgets the `count` oldest samples. */
  drop(count: number): void {
    for (let i = 0; i < count; i++) this.#items[this.#head + i] = undefined as unknown as Sample<P>;
    this.#head += count;
    if (this.#head > 256 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }
}

const isBefore = (a: Sample, b: Sample | undefined): boolean =>
  b !== undefined && (a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.seq < b.seq));

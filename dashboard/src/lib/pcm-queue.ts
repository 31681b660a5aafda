/** Sound that waits to be drawn. Where the page was hidden or slow the oldest is dropped, and the reader is told of the hole. */
export class PcmQueue {
  readonly #data: Float32Array;
  #written = 0;
  #read = 0;
  #nextUs = Number.NaN;

  constructor(capacity: number) {
    this.#data = new Float32Array(capacity);
  }

  /** Samples that wait. */
  get length(): number {
    return this.#written - this.#read;
  }

  /** Adds a chunk of 16-bit sound. A jump of its time against the chunk before is filled with silence, at most the queue's length. */
  push(chunk: Int16Array, timeUs: number, rateHz: number): void {
    const holeSamples = Math.round(((timeUs - this.#nextUs) * rateHz) / 1e6);
    if (holeSamples > rateHz / 50) this.#fillSilence(Math.min(holeSamples, this.#data.length));
    for (const sample of chunk) {
      this.#data[this.#written % this.#data.length] = sample / 32768;
      this.#written++;
    }
    this.#nextUs = timeUs + (chunk.length * 1e6) / rateHz;
    this.#read = Math.max(this.#read, this.#written - this.#data.length);
  }

  /** Copies the next `into.length` samples and moves on by `hop`; false where not enough wait. */
  take(into: Float32Array, hop: number): boolean {
    if (this.length < into.length) return false;
    for (let i = 0; i < into.length; i++) into[i] = this.#data[(this.#read + i) % this.#data.length] ?? 0;
    this.#read += hop;
    return true;
  }

  #fillSilence(count: number): void {
    for (let i = 0; i < count; i++) this.#data[(this.#written + i) % this.#data.length] = 0;
    this.#written += count;
  }
}

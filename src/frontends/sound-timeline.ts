import { PayloadError } from '../core/errors.ts';
import type { Pcm, Sample } from '../core/types.ts';

/** A chunk that follows its predecessor by number is put right behind it unless the clocks disagree by more than this. */
const SLIP_US = 30_000;

export interface Written {
  readonly from: number;
  readonly to: number;
  /** The chunk lies before the newest sample: what was read there was silence. */
  readonly filledHole: boolean;
}

/**
 * The sound of one source as one row of samples with absolute numbers, and the last stretch of it in memory. Chunks that follow
 * each other by number touch without a seam, whatever the jitter of their times; gaps are silence; a jump of the clock begins a
 * new epoch. Chunks come again with each window that overlaps them: what has been written is passed over.
 */
export class SoundTimeline {
  readonly #rateHz: number;
  readonly #ring: Float32Array;
  /** Number of the sample after the newest. */
  #head = 0;
  /** Number of the first sample that was ever written in this epoch. */
  #tail = 0;
  #anchor: { readonly index: number; readonly timeUs: number } | undefined;
  #newest: { readonly seq: number; readonly end: number } | undefined;
  readonly #written = new Map<number, number>();
  epoch = 0;

  /** @param spanUs length of the longest window; twice as much is kept */
  constructor(rateHz: number, spanUs: number) {
    this.#rateHz = rateHz;
    this.#ring = new Float32Array(Math.ceil((2 * spanUs * rateHz) / 1e6) + rateHz);
  }

  /** Number of the chunk that would follow; undefined where none has come. */
  get nextSeq(): number | undefined {
    return this.#newest && this.#newest.seq + 1;
  }

  /** Number of the sample that sounds at a time. */
  indexOf(timeUs: number): number {
    return this.#anchor ? this.#anchor.index + Math.round(((timeUs - this.#anchor.timeUs) * this.#rateHz) / 1e6) : 0;
  }

  /** Puts a chunk where it belongs; undefined where it had been written before. */
  write({ seq, timeUs, payload }: Sample<Pcm>): Written | undefined {
    if (payload.rateHz !== this.#rateHz)
      throw new PayloadError('WRONG_RATE', `sound of ${payload.rateHz} Hz; the encoder wants ${this.#rateHz} Hz`);
    if (this.#written.has(seq)) return undefined;
    const { length } = payload.data;
    const from = this.#place(seq, timeUs, length);
    const to = from + length;
    this.#written.set(seq, to);
    for (const [old, end] of this.#written) if (end < this.#head - this.#ring.length) this.#written.delete(old);
    const filledHole = to <= this.#head && this.#newest !== undefined && seq < this.#newest.seq;
    this.#silence(from);
    for (let i = 0; i < length; i++) this.#ring[mod(from + i, this.#ring.length)] = payload.data[i] ?? 0;
    this.#head = Math.max(this.#head, to);
    if (!this.#newest || seq > this.#newest.seq) {
      this.#newest = { seq, end: to };
      this.#anchor = { index: from, timeUs };
    }
    return { from, to, filledHole };
  }

  /** A copy of `count` samples from number `from`; what is not there, or no longer, is silence. */
  read(from: number, count: number): Float32Array {
    const out = new Float32Array(count);
    const low = Math.max(from, this.#tail, this.#head - this.#ring.length);
    const high = Math.min(from + count, this.#head);
    for (let at = low; at < high; at++) out[at - from] = this.#ring[mod(at, this.#ring.length)] ?? 0;
    return out;
  }

  #place(seq: number, timeUs: number, length: number): number {
    if (!this.#newest || !this.#anchor) return this.#begin(seq * length);
    const byTime = this.indexOf(timeUs);
    const slip = (SLIP_US * this.#rateHz) / 1e6;
    // Those that are missing between were as long: who hears from here on places the rest as who heard all.
    const byNumber = this.#newest.end + (seq - this.#newest.seq - 1) * length;
    if (seq > this.#newest.seq && Math.abs(byTime - byNumber) <= slip) return byNumber;
    if (Math.abs(byTime - this.#head) > this.#ring.length) {
      this.epoch++;
      this.#written.clear();
      this.#newest = undefined;
      return this.#begin(seq * length);
    }
    return byTime;
  }

  /** Numbers samples from here on, as if all chunks before had been as long as this one: frames lie the same wherever one begins to hear. */
  #begin(index: number): number {
    this.#tail = index;
    this.#head = index;
    return index;
  }

  /** What lies between the newest sample and a later one is silence, not what the ring held a while ago. */
  #silence(to: number): void {
    for (let at = Math.max(this.#head, to - this.#ring.length); at < to; at++) this.#ring[mod(at, this.#ring.length)] = 0;
  }
}

const mod = (n: number, m: number): number => ((n % m) + m) % m;

import { dot } from './vector.ts';

/** Moments kept for each source. */
const KEPT = 256;
/** A vector nearer than this (1 - cosine) to a kept one adds nothing. */
const ALIKE = 0.04;

/** A moment that was put into the memory, for whoever keeps it. */
export interface Kept {
  readonly slot: number;
  readonly timeUs: number;
  readonly vector: Float32Array;
}

/** What a source has looked or sounded like: up to 256 moments that differ from each other; the one not met for longest goes first. */
export class Familiar {
  readonly #vectors: Float32Array[] = [];
  readonly #metUs: number[] = [];

  /**
   * How unlike anything before a unit vector is: 1 - the cosine to the most alike moment; 0 for the first. It is remembered from now on.
   *
   * @param onKept told where it was put into the memory
   */
  meet(vector: Float32Array, timeUs: number, onKept: (kept: Kept) => void): number {
    let best = Number.NEGATIVE_INFINITY;
    let nearest = -1;
    for (const [slot, kept] of this.#vectors.entries()) {
      const similarity = dot(kept, vector);
      if (similarity > best) {
        best = similarity;
        nearest = slot;
      }
    }
    const novelty = nearest < 0 ? 0 : 1 - best;
    if (nearest >= 0 && novelty < ALIKE) this.#metUs[nearest] = timeUs;
    else {
      const kept = { slot: this.#freeSlot(), timeUs, vector: vector.slice() };
      this.put(kept);
      onKept(kept);
    }
    return novelty;
  }

  /** Takes back what was kept before a restart. */
  put({ slot, timeUs, vector }: Kept): void {
    if (slot > this.#vectors.length || slot >= KEPT) return;
    this.#vectors[slot] = vector;
    this.#metUs[slot] = timeUs;
  }

  *kept(): Iterable<Kept> {
    for (const [slot, vector] of this.#vectors.entries()) yield { slot, timeUs: this.#metUs[slot] ?? 0, vector };
  }

  #freeSlot(): number {
    if (this.#vectors.length < KEPT) return this.#vectors.length;
    let oldest = 0;
    for (const [slot, metUs] of this.#metUs.entries()) if (metUs < (this.#metUs[oldest] ?? 0)) oldest = slot;
    return oldest;
  }
}

/** What uPlot takes as one series: `null` breaks the line, `undefined` is passed over. */
export type Series = (number | null | undefined)[];

interface Track {
  /** Highest score of each bin; NaN where there is none. */
  readonly bins: Float32Array;
  newestBin: number;
  newestScore: number;
}

/**
 * The scores of one rule by source, over the last minutes, on a grid of time bins: memory depends on the span, not on the rate.
 * A bin keeps its highest score, because peaks are what raises alerts.
 */
export class ScoreHistory {
  readonly binMs: number;
  readonly size: number;
  /** A longer hole than so many bins breaks the line. */
  readonly #holeBins: number;
  readonly #tracks = new Map<string, Track>();

  constructor({ spanMs = 180_000, binMs = 250, holeMs = 4000 }: { spanMs?: number; binMs?: number; holeMs?: number } = {}) {
    this.binMs = binMs;
    this.size = Math.ceil(spanMs / binMs);
    this.#holeBins = Math.ceil(holeMs / binMs);
  }

  get sources(): readonly string[] {
    return [...this.#tracks.keys()];
  }

  newest(source: string): number | undefined {
    return this.#tracks.get(source)?.newestScore;
  }

  /** @param timeMs end of the scored window; older than the span, or not a number: ignored */
  push(source: string, timeMs: number, score: number): void {
    if (!Number.isFinite(timeMs) || !Number.isFinite(score)) return;
    const bin = Math.floor(timeMs / this.binMs);
    let track = this.#tracks.get(source);
    if (!track) {
      track = { bins: new Float32Array(this.size).fill(Number.NaN), newestBin: bin, newestScore: score };
      this.#tracks.set(source, track);
    }
    if (bin <= track.newestBin - this.size) return;
    for (let fresh = Math.max(track.newestBin + 1, bin - this.size + 1); fresh <= bin; fresh++) track.bins[fresh % this.size] = Number.NaN;
    const old = track.bins[bin % this.size] ?? Number.NaN;
    track.bins[bin % this.size] = Number.isNaN(old) ? score : Math.max(old, score);
    if (bin < track.newestBin) return;
    track.newestBin = bin;
    track.newestScore = score;
  }

  /** Scores of one source at or after `fromMs`, oldest first. */
  since(source: string, fromMs: number): number[] {
    const track = this.#tracks.get(source);
    if (!track) return [];
    const scores: number[] = [];
    const from = Math.max(Math.ceil(fromMs / this.binMs), track.newestBin - this.size + 1);
    for (let bin = from; bin <= track.newestBin; bin++) {
      const score = track.bins[bin % this.size] ?? Number.NaN;
      if (!Number.isNaN(score)) scores.push(score);
    }
    return scores;
  }

  /** Fills `times` (seconds) and one series per source with the bins up to `endMs`; the arrays are reused from call to call. */
  fill(endMs: number, times: number[], series: readonly { readonly source: string; readonly values: Series }[]): void {
    const endBin = Math.floor(endMs / this.binMs);
    const first = endBin - this.size + 1;
    for (let i = 0; i < this.size; i++) times[i] = ((first + i) * this.binMs) / 1000;
    for (const { source, values } of series) {
      const track = this.#tracks.get(source);
      let last = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < this.size; i++) {
        const bin = first + i;
        const isKept = track !== undefined && bin <= track.newestBin && bin > track.newestBin - this.size;
        const score = isKept ? (track.bins[bin % this.size] ?? Number.NaN) : Number.NaN;
        if (!Number.isNaN(score)) {
          values[i] = score;
          last = bin;
        } else values[i] = bin - last > this.#holeBins ? null : undefined;
      }
    }
  }
}

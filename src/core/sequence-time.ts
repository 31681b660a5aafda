/** A rate is learnt from at least so many readings over so much time. */
const ENOUGH_READINGS = 64;
const ENOUGH_US = 5_000_000;
/** Pairs that are kept meanwhile; of more, every second one goes. */
const MAX_PAIRS = 256;
/** Readings further from an even rate than this, or than this share of a period, in the median, are no clock. */
const EVEN_WITHIN_US = 20_000;
const EVEN_WITHIN_PERIODS = 1 / 8;
/** A source that was uneven, or stepped, so often is no longer asked. */
const MAX_TRIES = 3;

interface Pair {
  readonly seq: number;
  readonly arrivalUs: number;
}

/**
 * Time from sequence numbers: a device that reads at an even rate, known or not, counts time with its numbers. Learns the rate by
 * least squares over the first 5 s; readings that do not come evenly (sent when something happens) are found out and left alone.
 */
export class SequenceTime {
  #pairs: Pair[] = [];
  #stride = 1;
  #skipped = 0;
  #periodUs: number | undefined;
  #tries = 0;

  /** Whether it has given up: the numbers say nothing of time. */
  get isUneven(): boolean {
    return this.#tries >= MAX_TRIES;
  }

  /**
   * The stamp of a reading in microseconds from the first, or undefined while the rate is not known.
   *
   * @param nominalUs the period where the payload says it, e.g. the length of a chunk of sound
   */
  stampUs(seq: number, arrivalUs: number, nominalUs: number | undefined): number | undefined {
    if (this.isUneven) return undefined;
    this.#periodUs ??= this.#learn(seq, arrivalUs, nominalUs);
    return this.#periodUs === undefined ? undefined : this.#stamp(seq);
  }

  /** The readings that the rate was learnt from, as (stamp, arrival). Empties them. */
  takePairs(): (readonly [stampUs: number, arrivalUs: number])[] {
    const [first, ...rest] = this.#pairs;
    this.#pairs = first ? [first] : [];
    return rest.map(({ seq, arrivalUs }) => [this.#stamp(seq), arrivalUs] as const);
  }

  /** The numbers or their times stepped: learns anew. `wasUneven`: it counts as a failed try. */
  restart(wasUneven: boolean): void {
    if (wasUneven) this.#tries++;
    this.#pairs = [];
    this.#stride = 1;
    this.#skipped = 0;
    this.#periodUs = undefined;
  }

  #stamp(seq: number): number {
    return (seq - (this.#pairs[0]?.seq ?? 0)) * (this.#periodUs ?? 0);
  }

  #learn(seq: number, arrivalUs: number, nominalUs: number | undefined): number | undefined {
    if (this.#skipped++ % this.#stride === 0) this.#pairs.push({ seq, arrivalUs });
    if (this.#pairs.length > MAX_PAIRS) {
      this.#pairs = this.#pairs.filter((_, i) => i % 2 === 0);
      this.#stride *= 2;
    }
    const first = this.#pairs[0];
    if (!first || this.#pairs.length < ENOUGH_READINGS || arrivalUs - first.arrivalUs < ENOUGH_US) return undefined;
    const { periodUs, offUs } = evenRate(this.#pairs, first);
    if (!(periodUs > 0) || offUs > Math.max(periodUs * EVEN_WITHIN_PERIODS, EVEN_WITHIN_US)) {
      this.restart(true);
      return undefined;
    }
    return nominalUs !== undefined && nominalUs > 0 && Math.abs(periodUs / nominalUs - 1) < 0.01 ? nominalUs : periodUs;
  }
}

/** The line through the pairs by least squares, and the median distance from it. */
function evenRate(pairs: readonly Pair[], first: Pair): { periodUs: number; offUs: number } {
  const n = pairs.length;
  let [x, y, xx, xy] = [0, 0, 0, 0];
  for (const pair of pairs) {
    const dx = pair.seq - first.seq;
    const dy = pair.arrivalUs - first.arrivalUs;
    x += dx;
    y += dy;
    xx += dx * dx;
    xy += dx * dy;
  }
  const periodUs = (n * xy - x * y) / (n * xx - x * x);
  const startUs = (y - periodUs * x) / n;
  const off = pairs.map((pair) => Math.abs(pair.arrivalUs - first.arrivalUs - startUs - periodUs * (pair.seq - first.seq)));
  return { periodUs, offUs: off.sort((a, b) => a - b)[n >> 1] ?? 0 };
}

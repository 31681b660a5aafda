/** A number this far behind the newest, in a reading that is newer, says that the sender started again. */
const RESTART_BACK = 64;
/** A sender that starts again takes at least this long; a 0 that comes sooner is a duplicate of the first. */
const RESTART_TAKES_US = 250_000;
/** So many readings are not lost between two: who jumps so far started again with other numbers, or sent a wrong one. */
const RESTART_AHEAD = 2 ** 32;
const RANGES = [2 ** 8, 2 ** 16, 2 ** 32];
/** A counter wraps from its last sixteenth to its first. */
const EDGE = 1 / 16;

/**
 * A sender's sequence numbers as numbers that grow without end: counters that wrap at 8, 16 or 32 bits go on, stragglers from before
 * the wrap included, and a sender that starts again goes on with the next number, because one used before would be a duplicate. One
 * wrong number costs nothing: the sender seems to have started again, twice.
 */
export class SequenceLine {
  newest = -1;
  wraps = 0;
  restarts = 0;
  #offset = 0;
  #range = 0;

  /**
   * @param raw the number as the sender gave it
   * @param laterUs how much later than the newest reading this one is, by its time; not above 0: it is not
   * @param isNewSegment its time began a new segment: a lower number is no straggler
   */
  next(raw: number, laterUs: number, isNewSegment = false): number {
    if (raw >= this.#range) this.#range = 0;
    let seq = raw + this.#offset;
    if (this.#range > 0 && seq - this.newest > this.#range / 2) seq -= this.#range;
    else if (this.newest >= 0 && seq - this.newest > RESTART_AHEAD) seq = this.#restart(raw);
    else if (laterUs > 0 && seq < this.newest) seq = this.#goOn(raw, isNewSegment ? Infinity : laterUs);
    this.newest = Math.max(this.newest, seq);
    return seq;
  }

  /** Whether a number is above all before it, wraps considered; undefined where it may be a wrap or a restart. */
  isNewer(raw: number): boolean | undefined {
    const ahead = raw + this.#offset - this.newest;
    return ahead > 0 && ahead < RESTART_BACK ? true : undefined;
  }

  #goOn(raw: number, laterUs: number): number {
    const newestRaw = this.newest - this.#offset;
    const range = RANGES.find((one) => newestRaw < one && newestRaw >= one * (1 - EDGE) && raw < one * EDGE);
    if (range !== undefined) {
      this.wraps++;
      this.#range = range;
      this.#offset += range;
      return raw + this.#offset;
    }
    const seq = raw + this.#offset;
    const isRestart = laterUs === Infinity || this.newest - seq > RESTART_BACK || (raw === 0 && laterUs > RESTART_TAKES_US);
    return isRestart ? this.#restart(raw) : seq;
  }

  #restart(raw: number): number {
    this.restarts++;
    this.#range = 0;
    this.#offset = this.newest + 1 - raw;
    return this.newest + 1;
  }
}

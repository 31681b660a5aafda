/** Scores that are looked at before a level is known. */
const FIRST = 32;
const COUNT = 0;
const LEVEL = 1;
const VARIANCE = 2;
const WIDEST = 3;
const SHIFT = 4;
const RECENT = 5;
const CHANGES = 6;
const BUFFER = 8;

/** How fast the level follows: the time in which a distance shrinks to a third. Dusk takes an hour. */
const FOLLOW_US = 300e6;
/** How fast the spread does: slower, or a step of the level would look like a wide spread before it is known to be a step. */
const SPREAD_FOLLOW_US = 900e6;
/** A shift that lasts longer than about half of this is a new background, not an event. */
const CHANGE_US = 600e6;
/** The level that a new background is set to. */
const RECENT_US = 60e6;
const DAY_US = 86_400e6;
/** A score further away than so many spreads pulls no harder than one at that distance: events do not move the background. */
const PULL = 2;
/** The same for the spread, and the mean of min(z^2, 1.5^2) of a normal z. */
const SPREAD_PULL = 1.5;
const CLIPPED_VARIANCE = 0.7784;
/** Deviation of this mean of z, clipped at 3, over `CHANGE_US`, that means a new background. */
const SHIFTED = 1.3;
/** The spread never counts as less, in cosines: below lies the rounding of pictures and quantised models, not the scene. */
const LEAST_SPREAD = 0.003;
/** Nor as less than this share of the widest of the last day: after a silent night the first noise of the morning is no news. */
const SHARE_OF_WIDEST = 0.35;
/** A hole in the scores moves the background no further than so much time. */
const LONGEST_STEP_US = 60e6;

/**
 * Level and spread of a stream of scores, followed as they drift, and hardly moved by events: Huber's M-estimators of location and
 * scale (Huber 1964), updated with each score at a weight that depends on the time since the last. All state is in `cells`, so that it
 * can be kept.
 */
export class DriftTracker {
  static readonly CELLS: number = BUFFER + FIRST;
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  /** Whether enough was seen for a level and a spread. */
  get isKnown(): boolean {
    return this.#cell(COUNT) >= FIRST;
  }

  get level(): number {
    return this.#cell(LEVEL);
  }

  /** In the manner of a standard deviation; never 0. */
  get spread(): number {
    return Math.max(Math.sqrt(this.#cell(VARIANCE)), SHARE_OF_WIDEST * this.#cell(WIDEST), LEAST_SPREAD);
  }

  /** How often the background has changed at once, e.g. because a camera was turned or a fan switched on. */
  get changes(): number {
    return this.#cell(CHANGES);
  }

  /**
   * Takes a score in.
   *
   * @param stepUs time since the last score of this stream
   * @returns the score in spreads above the level as they were before it; NaN while they are not known
   */
  push(score: number, stepUs: number): number {
    const cells = this.#cells;
    const count = this.#cell(COUNT);
    cells[COUNT] = count + 1;
    if (count < FIRST) {
      cells[BUFFER + count] = score;
      if (count === FIRST - 1) this.#begin();
      return Number.NaN;
    }
    const spread = this.spread;
    const z = (score - this.level) / spread;
    const step = Math.min(stepUs, LONGEST_STEP_US);
    // At first each score counts as much as the ones before it.
    const weight = Math.max(step / (FOLLOW_US + step), 1 / (count + 1));
    const spreadWeight = Math.max(step / (SPREAD_FOLLOW_US + step), 1 / (count + 1));
    const pull = clip(z, PULL);
    const variance = this.#cell(VARIANCE);
    cells[LEVEL] = this.level + weight * pull * spread;
    const away = clip(z, SPREAD_PULL) * spread;
    cells[VARIANCE] = variance + spreadWeight * ((away * away) / CLIPPED_VARIANCE - variance);
    cells[WIDEST] = Math.max(Math.sqrt(variance), this.#cell(WIDEST) * (1 - step / DAY_US));
    cells[RECENT] = this.#cell(RECENT) + (step / (RECENT_US + step)) * (score - this.#cell(RECENT));
    const shift = this.#cell(SHIFT);
    cells[SHIFT] = shift + (step / (CHANGE_US + step)) * (clip(z, 3) - shift);
    if (Math.abs(this.#cell(SHIFT)) > SHIFTED) this.#change();
    return z;
  }

  /** Median and median absolute deviation: they hold with up to half of the first scores spoilt by an event. */
  #begin(): void {
    const cells = this.#cells;
    const first = cells.slice(BUFFER, BUFFER + FIRST).sort();
    const level = middle(first);
    const spread = 1.4826 * middle(first.map((score) => Math.abs(score - level)).sort());
    cells[LEVEL] = level;
    cells[VARIANCE] = spread * spread;
    cells[WIDEST] = spread;
    cells[RECENT] = level;
  }

  #change(): void {
    this.#cells[LEVEL] = this.#cell(RECENT);
    this.#cells[SHIFT] = 0;
    this.#cells[CHANGES] = this.changes + 1;
  }

  #cell(at: number): number {
    return this.#cells[at] ?? 0;
  }
}

const clip = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

const middle = (sorted: Float64Array): number => ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;

/** Scores that are looked at before a level is known. */
const FIRST = 32;
const COUNT = 0;
const LEVEL = 1;
const VARIANCE = 2;
const WIDEST = 3;
const SHIFT = 4;
const RECENT = 5;
const CHANGES = 6;
const SPREAD = 7;
const LOWER = 8;

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
/**
 * Events are high: what lies below the level tells of a wider spread within a minute, e.g. when noise begins after silence. Scores further
 * below than so many spreads count as that far, one score counts at most so much, and it is believed from so many spreads on.
 */
const LOWER_FOLLOW_US = 60e6;
const LOWER_PULL = 8;
const LOWER_MOST = 1 / 32;
const LOWER_TRUSTED = 1.5;
/** A hole in the scores moves the background no further than so much time. */
const LONGEST_STEP_US = 60e6;

/**
 * Level and spread of a stream of scores, followed as they drift, and hardly moved by events: Huber's M-estimators of location and
 * scale (Huber 1964), updated with each score at a weight that depends on the time since the last. All state is in the cells and in
 * the first scores, so that it can be kept.
 */
export class DriftTracker {
  static readonly CELLS = 9;
  /** Scores that are kept until there is a level. */
  static readonly FIRST: number = FIRST;
  readonly #cells: Float64Array;
  readonly #at: number;
  readonly #first: Float64Array;

  /**
   * @param at where in the cells its own begin
   * @param first room for the first scores
   */
  constructor(cells: Float64Array, at: number, first: Float64Array) {
    this.#cells = cells;
    this.#at = at;
    this.#first = first;
  }

  /** Whether enough was seen for a level and a spread. */
  get isKnown(): boolean {
    return this.#cell(COUNT) >= FIRST;
  }

  get level(): number {
    return this.#cell(LEVEL);
  }

  /** In the manner of a standard deviation; 0 while it is not known. */
  get spread(): number {
    return this.#cell(SPREAD);
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
    const at = this.#at;
    const count = cells[at + COUNT] ?? 0;
    cells[at + COUNT] = count + 1;
    if (count < FIRST) {
      this.#first[count] = score;
      if (count === FIRST - 1) this.#begin();
      return Number.NaN;
    }
    const level = cells[at + LEVEL] ?? 0;
    const spread = cells[at + SPREAD] ?? 0;
    const z = (score - level) / spread;
    const step = Math.min(stepUs, LONGEST_STEP_US);
    // At first each score counts as much as the ones before it.
    const least = 1 / (count + 1);
    cells[at + LEVEL] = level + Math.max(step / (FOLLOW_US + step), least) * clip(z, PULL) * spread;
    const variance = cells[at + VARIANCE] ?? 0;
    const away = clip(z, SPREAD_PULL) * spread;
    const next = variance + Math.max(step / (SPREAD_FOLLOW_US + step), least) * ((away * away) / CLIPPED_VARIANCE - variance);
    cells[at + VARIANCE] = next;
    const below = Math.max(-LOWER_PULL, Math.min(0, z)) * spread;
    const lower = cells[at + LOWER] ?? 0;
    cells[at + LOWER] = lower + Math.min(step / (LOWER_FOLLOW_US + step), LOWER_MOST) * (2 * below * below - lower);
    const recent = cells[at + RECENT] ?? 0;
    cells[at + RECENT] = recent + (step / (RECENT_US + step)) * (score - recent);
    const before = cells[at + SHIFT] ?? 0;
    const shift = before + (step / (CHANGE_US + step)) * (clip(z, 3) - before);
    cells[at + SHIFT] = shift;
    this.#spread(Math.sqrt(next), Math.max(Math.sqrt(variance), this.#cell(WIDEST) * (1 - step / DAY_US)));
    if (Math.abs(shift) > SHIFTED) this.#change();
    return z;
  }

  /** Median and median absolute deviation: they hold with up to half of the first scores spoilt by an event. */
  #begin(): void {
    const first = this.#first.slice().sort();
    const level = middle(first);
    const spread = 1.4826 * middle(first.map((score) => Math.abs(score - level)).sort());
    this.#put(LEVEL, level);
    this.#put(VARIANCE, spread * spread);
    this.#put(RECENT, level);
    this.#spread(spread, spread);
  }

  #spread(now: number, widest: number): void {
    const usual = Math.max(now, SHARE_OF_WIDEST * widest, LEAST_SPREAD);
    const lower = this.#cell(LOWER);
    this.#put(WIDEST, widest);
    this.#put(SPREAD, lower > (LOWER_TRUSTED * usual) ** 2 ? Math.sqrt(lower) : usual);
  }

  /** Counts a change that was found elsewhere. */
  noteChange(): void {
    this.#put(CHANGES, this.changes + 1);
  }

  #change(): void {
    this.#put(LEVEL, this.#cell(RECENT));
    this.#put(SHIFT, 0);
    this.#put(LOWER, 0);
    this.noteChange();
  }

  #put(place: number, value: number): void {
    this.#cells[this.#at + place] = value;
  }

  #cell(place: number): number {
    return this.#cells[this.#at + place] ?? 0;
  }
}

const clip = (value: number, limit: number): number => Math.max(-limit, Math.min(limit, value));

const middle = (sorted: Float64Array): number => ((sorted[(sorted.length - 1) >> 1] ?? 0) + (sorted[sorted.length >> 1] ?? 0)) / 2;

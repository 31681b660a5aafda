const KEPT = 32;
const NEXT = 0;
const TIMES = 1;
const HEIGHTS = TIMES + KEPT;
const ENDS = HEIGHTS + KEPT;
const VERDICTS = ENDS + KEPT;
const OPEN = 0;
const RIGHT = 1;
const BACKGROUND = 2;

/** An alarm of which somebody said what it was. */
export interface JudgedAlarm {
  readonly height: number;
  readonly timeUs: number;
  readonly lastUs: number;
  readonly goes: 'in' | 'out';
}

/**
 * The alarms that a threshold has raised of late. They are no background until somebody says that they were wrong, or until there are so
 * many that they cannot be what was asked for. All state is in `cells`.
 */
export class AlarmRecord {
  /** So many are kept. */
  static readonly MOST: number = KEPT;
  static readonly CELLS: number = VERDICTS + KEPT;
  readonly #cells: Float64Array;

  constructor(cells: Float64Array) {
    this.#cells = cells;
  }

  /**
   * An alarm begins.
   *
   * @param isCounted whether its peaks count as background already: no threshold of its own raised it
   */
  begin(timeUs: number, height: number, isCounted: boolean): void {
    const at = this.#cell(NEXT);
    this.#cells[NEXT] = (at + 1) % KEPT;
    this.#cells[TIMES + at] = timeUs;
    this.#cells[HEIGHTS + at] = height;
    this.#cells[ENDS + at] = timeUs;
    this.#cells[VERDICTS + at] = isCounted ? BACKGROUND : OPEN;
  }

  /** The newest alarm goes on. */
  extend(timeUs: number, height: number): void {
    const at = (this.#cell(NEXT) + KEPT - 1) % KEPT;
    this.#cells[ENDS + at] = timeUs;
    if (height > this.#cell(HEIGHTS + at)) this.#cells[HEIGHTS + at] = height;
  }

  /** Height of the newest alarm. */
  get newestHeight(): number {
    return this.#cell(HEIGHTS + ((this.#cell(NEXT) + KEPT - 1) % KEPT));
  }

  /** Alarms since then that nobody has judged. */
  open(sinceUs: number): number {
    let count = 0;
    for (let at = 0; at < KEPT; at++) if (this.#isSince(at, sinceUs) && this.#cell(VERDICTS + at) === OPEN) count++;
    return count;
  }

  /** Heights of the alarms that nobody has judged. */
  get openHeights(): number[] {
    const heights: number[] = [];
    for (let at = 0; at < KEPT; at++)
      if (this.#cell(TIMES + at) > 0 && this.#cell(VERDICTS + at) === OPEN) heights.push(this.#cell(HEIGHTS + at));
    return heights;
  }

  /** Declares unjudged alarms since then background; calls `learn` with each. */
  giveUp(sinceUs: number, learn: (height: number, timeUs: number) => void): void {
    for (let at = 0; at < KEPT; at++) {
      if (!this.#isSince(at, sinceUs) || this.#cell(VERDICTS + at) !== OPEN) continue;
      this.#cells[VERDICTS + at] = BACKGROUND;
      learn(this.#cell(HEIGHTS + at), this.#cell(TIMES + at));
    }
  }

  /**
   * Judges the alarm that began then.
   *
   * @returns what follows for the background: its height and times, and whether it goes in or comes out; undefined where nothing does
   */
  judge(timeUs: number, isRight: boolean): JudgedAlarm | undefined {
    for (let at = 0; at < KEPT; at++) {
      if (this.#cell(TIMES + at) !== timeUs || timeUs === 0) continue;
      const before = this.#cell(VERDICTS + at);
      this.#cells[VERDICTS + at] = isRight ? RIGHT : BACKGROUND;
      if ((before === BACKGROUND) === !isRight) return undefined;
      if (before === OPEN && isRight) return undefined;
      return { height: this.#cell(HEIGHTS + at), timeUs, lastUs: this.#cell(ENDS + at), goes: isRight ? 'out' : 'in' };
    }
    return undefined;
  }

  #isSince(at: number, sinceUs: number): boolean {
    const timeUs = this.#cell(TIMES + at);
    return timeUs > 0 && timeUs >= sinceUs;
  }

  #cell(at: number): number {
    return this.#cells[at] ?? 0;
  }
}

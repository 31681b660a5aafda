import { AlarmRecord } from './alarm-record.ts';
import { DriftTracker } from './drift-tracker.ts';
import { fitTail, heightFor, rateAt, type Rate, type Tail } from './pareto-tail.ts';
import { PeakFinder } from './peak-finder.ts';
import { PeakStore } from './peak-store.ts';

const LAST_US = 0;
const HEIGHT = 1;
const NEW_PEAKS = 2;
const SEEN_US = 3;
const GAVE_UP_US = 4;
const ALARM_US = 5;
const HISTOGRAM = 8;
const BINS = 48;
const TRACKER = HISTOGRAM + BINS;
const FINDER = TRACKER + DriftTracker.CELLS;
const STORE = FINDER + PeakFinder.CELLS;
const ALARMS = STORE + PeakStore.CELLS;

/** Numbers that a background consists of. */
export const BACKGROUND_CELLS: number = ALARMS + AlarmRecord.CELLS;

/** The histogram: its first bin begins so many spreads below the level, and each is so many wide. */
export const HISTOGRAM_FROM = -4;
export const HISTOGRAM_STEP = 0.25;

/** Peaks that are needed before a threshold is trusted: about ten minutes. */
export const PEAKS_NEEDED = 40;
/** Peaks are not looked for before level and spread had so much time to settle. */
const SETTLE_US = 120e6;
/** A longer hole in the scores is time in which nothing was watched. */
const LONGEST_STEP_US = 5e6;
const DAY_US = 86_400e6;
/** The threshold keeps at least this distance from the level, in cosines: a constant scene would bring it down to the noise. */
const LEAST_MARGIN = 0.02;
/** An alarm that the tail itself gives oftener than this share of what was asked is a part of the tail until somebody says otherwise. */
const PLAUSIBLE = 1 / 20;
/** The threshold is set for this share of what was asked: no stream is as even as the mathematics wants it. */
const CAUTION = 0.75;
/** The tail is fitted again when this share of its peaks is new. */
const NEWS = 1 / 16;

/** What a background knows, for people. */
export interface BackgroundReport {
  readonly watchedMinutes: number;
  readonly peaks: number;
  readonly peaksNeeded: number;
  /** The usual score and its spread now. */
  readonly level: number;
  readonly spread: number;
  readonly threshold?: number;
  /** Alarms per day that the threshold is expected to give. */
  readonly expectedPerDay?: Rate;
  /** Peaks left out of the background as events. */
  readonly events: number;
  /** How often the background changed at once and was learnt anew. */
  readonly changes: number;
  /** Alarms came so much more often than asked that they were taken into the background; when, in event time. */
  readonly gaveUpUs?: number;
}

/**
 * What one query usually scores on one source, and from it the threshold for "at most N false alarms a day". Runs on event time alone,
 * costs a fraction of a microsecond for each score, and is one array of numbers, so that it can be kept and goes on where it was.
 *
 * Level and spread follow the drift of day and night (`DriftTracker`); peaks of the standardised score, one for each stretch that would
 * be one alarm (`PeakFinder`), fill a store of the highest (`PeakStore`); their tail (`fitTail`) gives the height that is reached N times
 * a day. Scores during an alert are no background: `AlarmRecord` keeps them until somebody says what they were.
 */
export class Background {
  readonly cells: Float64Array;
  readonly #perDay: number | undefined;
  readonly #tracker: DriftTracker;
  readonly #finder: PeakFinder;
  readonly #store: PeakStore;
  readonly #alarms: AlarmRecord;

  /**
   * @param perDay false alarms a day that are acceptable; undefined: watches only, and has no threshold
   * @param cells what another background had learnt; it is taken over, not copied
   */
  constructor(perDay?: number, cells: Float64Array = new Float64Array(BACKGROUND_CELLS)) {
    this.#perDay = perDay;
    this.cells = cells;
    this.#tracker = new DriftTracker(cells.subarray(TRACKER, FINDER));
    this.#finder = new PeakFinder(cells.subarray(FINDER, STORE));
    this.#store = new PeakStore(cells.subarray(STORE, ALARMS));
    this.#alarms = new AlarmRecord(cells.subarray(ALARMS));
  }

  /** Whether the threshold can be trusted. */
  get isReady(): boolean {
    return this.#store.total >= PEAKS_NEEDED;
  }

  /** Single peaks that were seen so far. */
  get peaksSeen(): number {
    return this.#store.total;
  }

  /** Cosine at or above which an alert is raised now; undefined: not enough is known yet, or nothing was asked. */
  get threshold(): number | undefined {
    const height = this.#cell(HEIGHT);
    if (height === 0) return undefined;
    return Math.min(1, this.#tracker.level + Math.max(LEAST_MARGIN, height * this.#tracker.spread));
  }

  /** Cosine below which an alert that was raised at `threshold` is cleared. */
  clearBelow(threshold: number): number {
    return threshold - Math.max(0.01, 0.25 * (threshold - this.#tracker.level));
  }

  /** A score in spreads above what is usual now: comparable across senses, which cosines are not. NaN at first. */
  spreadsAt(score: number): number {
    return this.#tracker.isKnown ? (score - this.#tracker.level) / this.#tracker.spread : Number.NaN;
  }

  /**
   * Takes a score in, AFTER it was judged. Not later than the score before: counted already, and left out.
   *
   * @param isAlarm whether an alert is raised now
   */
  push(score: number, endUs: number, isAlarm: boolean): void {
    const { cells } = this;
    const lastUs = this.#cell(LAST_US);
    if (endUs <= lastUs || !Number.isFinite(score)) return;
    cells[LAST_US] = endUs;
    const stepUs = lastUs === 0 ? 0 : endUs - lastUs;
    const z = this.#tracker.push(score, stepUs);
    const seenUs = this.#cell(SEEN_US) + Math.min(stepUs, LONGEST_STEP_US);
    cells[SEEN_US] = seenUs;
    if (Number.isNaN(z)) return;
    const bin = Math.max(0, Math.min(BINS - 1, Math.floor((z - HISTOGRAM_FROM) / HISTOGRAM_STEP)));
    cells[HISTOGRAM + bin] = this.#cell(HISTOGRAM + bin) + 1;
    this.#noteAlarm(z, endUs, isAlarm);
    if (seenUs < SETTLE_US) return;
    this.#store.watch(Math.min(stepUs, LONGEST_STEP_US));
    const peak = this.#finder.push(z, endUs, isAlarm);
    if (!peak || peak.isAlarm) return;
    if (this.#store.add(peak.height, peak.timeUs)) cells[NEW_PEAKS] = this.#cell(NEW_PEAKS) + 1;
    this.#refitIfNews();
  }

  /** Somebody says whether the alarm that began then was right. A wrong one is background from now on; a right one never. */
  judge(alarmUs: number, isRight: boolean): void {
    const news = this.#alarms.judge(alarmUs, isRight);
    if (!news) return;
    if (news.goes === 'in') this.#store.add(news.height, news.timeUs, true);
    else this.#store.remove(news.timeUs, news.timeUs);
    this.#refit();
  }

  /** How often this would have been reached since then, in event time, where that is in the tail; alarms nearer than 10 s count once. */
  reached(score: number, sinceUs: number): number {
    return this.#store.countAbove(this.spreadsAt(score), sinceUs);
  }

  /** How many times a day the background is expected to reach a score; undefined while that is not known. */
  perDayAt(score: number): number | undefined {
    const tail = this.isReady ? this.tail : undefined;
    return tail && rateAt(tail, this.spreadsAt(score)).expected;
  }

  get tail(): Tail | undefined {
    return fitTail(this.#store.sample());
  }

  /** Scores so far by their distance from the level. */
  get histogram(): Float64Array {
    return this.cells.slice(HISTOGRAM, HISTOGRAM + BINS);
  }

  report(): BackgroundReport {
    const { threshold, tail } = this;
    const gaveUpUs = this.#cell(GAVE_UP_US);
    return {
      watchedMinutes: Math.round(this.#store.watchedUs / 6e6) / 10,
      peaks: this.#store.total,
      peaksNeeded: PEAKS_NEEDED,
      level: this.#tracker.level,
      spread: this.#tracker.spread,
      ...(threshold !== undefined && { threshold }),
      ...(threshold !== undefined && tail && { expectedPerDay: rateAt(tail, this.spreadsAt(threshold)) }),
      events: tail?.events ?? 0,
      changes: this.#tracker.changes,
      ...(gaveUpUs > 0 && { gaveUpUs }),
    };
  }

  #noteAlarm(z: number, endUs: number, isAlarm: boolean): void {
    const alarmUs = this.#cell(ALARM_US);
    if (isAlarm && alarmUs > 0) this.#alarms.extend(z);
    else if (isAlarm) {
      this.cells[ALARM_US] = endUs;
      this.#alarms.begin(endUs, z);
    } else if (alarmUs > 0) {
      this.cells[ALARM_US] = 0;
      this.#weighAlarm(alarmUs, endUs);
    }
  }

  /** An alarm is over. What is not told apart from background would, if it were left out, bring the threshold down for ever. */
  #weighAlarm(alarmUs: number, endUs: number): void {
    const { tail } = this;
    if (this.#perDay === undefined || !tail) return;
    const isPlausible = rateAt(tail, this.#alarms.newestHeight).expected > PLAUSIBLE * this.#perDay;
    // So many would hardly come by chance from what was asked for: the world has changed, or it was learnt from too little.
    const isTooOften = this.#alarms.open(endUs - DAY_US) > this.#perDay + 3 * Math.sqrt(this.#perDay) + 3;
    if (!isPlausible && !isTooOften) return;
    if (isTooOften) this.cells[GAVE_UP_US] = endUs;
    this.#alarms.giveUp(isTooOften ? endUs - DAY_US : alarmUs, (height, timeUs) => this.#store.add(height, timeUs, isTooOften));
    this.#refit();
  }

  #refitIfNews(): void {
    const isFirst = this.isReady && this.#cell(HEIGHT) === 0;
    if (isFirst || this.#cell(NEW_PEAKS) > NEWS * Math.min(this.#store.total, 2 * PEAKS_NEEDED)) this.#refit();
  }

  #refit(): void {
    this.cells[NEW_PEAKS] = 0;
    if (this.#perDay === undefined || !this.isReady) return;
    const { tail } = this;
    if (tail) this.cells[HEIGHT] = heightFor(tail, CAUTION * this.#perDay);
  }

  #cell(at: number): number {
    return this.cells[at] ?? 0;
  }
}

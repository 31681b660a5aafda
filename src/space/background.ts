import { AlarmRecord } from './alarm-record.ts';
import { DriftTracker } from './drift-tracker.ts';
import { fitTail, heightFor, rateAt, type Rate, type Tail } from './pareto-tail.ts';
import { CLEAR_BELOW, PeakFinder } from './peak-finder.ts';
import { PeakStore } from './peak-store.ts';

const LAST_US = 0;
const HEIGHT = 1;
const NEW_PEAKS = 2;
const SEEN_US = 3;
const GAVE_UP_US = 4;
const ALARM_US = 5;
/** Time that the store of peaks has not been told of. */
const UNTOLD_US = 6;
/** About the median of the time between two scores. */
const USUAL_STEP_US = 7;
/** The score before, the smallest step between two that differ, and how many steps ago it was found; on the stretched scale. */
const LAST = 8;
const GRAIN = 9;
const GRAIN_STEPS = 10;
/** The spread that the tail was learnt with where that was silence; 0: it was not. And when a score was last far above the level then. */
const SILENT_SPREAD = 11;
const NOISE_US = 12;
const TRACKER = 13;
const FINDER = TRACKER + DriftTracker.CELLS;
const HISTOGRAM = FINDER + PeakFinder.CELLS;
const BINS = 48;

/** Of the numbers of a background those that each score may change come first: so many. */
export const HOT_CELLS: number = HISTOGRAM + BINS;
const FIRST = HOT_CELLS;
const STORE = FIRST + DriftTracker.FIRST;
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
/** A hole in the scores that is longer than this, and than so many usual steps, is time in which nothing was watched. */
const LONGEST_STEP_US = 5e6;
const USUAL_STEPS = 3;
/** Scores are taken for rounded when so many steps in a row are no smaller than one, and that is less than so many spreads. */
const GRAIN_SURE = 64;
const GRAIN_SPREADS = 4;
/** Noise after silence: the spread is so many times what it was, and scores so many of the old spreads above the level came so lately. */
const NOISE_SPREADS = 3;
const NOISE_WITHIN_US = 60e6;
/** Fills up a grain evenly, whatever the number of peaks: the golden section. */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** How far the usual step moves with each score. */
const STEP_NEWS = 0.05;
const DAY_US = 86_400e6;
/** No cosine counts as higher: 1 lies infinitely far. */
const HIGHEST = 0.9999;
/** The threshold keeps at least this distance from the level, on the stretched scale: a constant scene would bring it down to the noise. */
const LEAST_MARGIN = 0.02;
/** An alert is cleared at least so far below its threshold, in cosines. */
const LEAST_FALL = 0.01;
/** The threshold is set for this share of what was asked: no stream is as even as the mathematics wants it. */
const CAUTION = 0.75;
/** So many events a day are nothing unusual, whatever was asked for. */
const EVENTS_PER_DAY = 20;
/** The tail is fitted again when this share of the peaks that it may rest on is new. */
const NEWS = 1 / 8;

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
 * costs a fraction of a microsecond for each score, and is an array of numbers, so that it can be kept and goes on where it was.
 *
 * Everything is learnt on a scale that stretches cosines towards 1 (Fisher's z, atanh): from 0.8 to 0.9 is as far as from 0 to 0.37, and
 * a tail does not end at 1. Level and spread follow the drift of day and night (`DriftTracker`); peaks of the standardised score, one for each stretch that would
 * be one alarm (`PeakFinder`), fill a store of the highest (`PeakStore`); their tail (`fitTail`) gives the height that is reached N times
 * a day. Scores during an alert that this threshold has raised are no background: `AlarmRecord` keeps them until somebody says what they
 * were. While there is no such threshold everything is background, whatever else has raised an alert: a short event is told by its
 * distance from the other peaks.
 */
export class Background {
  readonly #perDay: number | undefined;
  readonly #cold: Float64Array;
  readonly #store: PeakStore;
  readonly #alarms: AlarmRecord;
  #hot: Float64Array;
  #at = 0;
  #tracker: DriftTracker;
  #finder: PeakFinder;

  /**
   * @param perDay false alarms a day that are acceptable; undefined: watches only, and has no threshold
   * @param cells what another background had learnt; copied
   */
  constructor(perDay?: number, cells: Float64Array = new Float64Array(BACKGROUND_CELLS)) {
    this.#perDay = perDay;
    this.#hot = cells.slice(0, HOT_CELLS);
    this.#cold = cells.slice(HOT_CELLS);
    this.#tracker = new DriftTracker(this.#hot, TRACKER, this.#coldFrom(FIRST, STORE));
    this.#finder = new PeakFinder(this.#hot, FINDER);
    this.#store = new PeakStore(this.#coldFrom(STORE, ALARMS));
    this.#alarms = new AlarmRecord(this.#coldFrom(ALARMS, BACKGROUND_CELLS));
  }

  /** All that it has learnt, as it is now. */
  get cells(): Float64Array {
    const cells = new Float64Array(BACKGROUND_CELLS);
    cells.set(this.#hot.subarray(this.#at, this.#at + HOT_CELLS));
    cells.set(this.#cold, HOT_CELLS);
    return cells;
  }

  /** Lays the numbers that each score changes at that place of an array: side by side with those of other rules they are read at once. */
  moveTo(hot: Float64Array, at: number): void {
    hot.set(this.#hot.subarray(this.#at, this.#at + HOT_CELLS), at);
    this.#hot = hot;
    this.#at = at;
    this.#tracker = new DriftTracker(hot, at + TRACKER, this.#coldFrom(FIRST, STORE));
    this.#finder = new PeakFinder(hot, at + FINDER);
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
    const { level, spread } = this.#tracker;
    return cosineOf(level + Math.max(LEAST_MARGIN, height * spread));
  }

  /** Cosine below which an alert that was raised at `threshold` is cleared. */
  clearBelow(threshold: number): number {
    const { level } = this.#tracker;
    const height = stretched(threshold) - level;
    return Math.min(threshold - LEAST_FALL, cosineOf(level + CLEAR_BELOW * height));
  }

  /** A score in spreads above what is usual now: comparable across senses, which cosines are not. NaN at first. */
  spreadsAt(score: number): number {
    return this.#tracker.isKnown ? (stretched(score) - this.#tracker.level) / this.#tracker.spread : Number.NaN;
  }

  /**
   * Takes a score in, AFTER it was judged. Not later than the score before: counted already, and left out.
   *
   * @param isAlarm whether an alert is raised now
   * @returns the score in spreads above what was usual before it; NaN at first
   */
  push(score: number, endUs: number, isAlarm: boolean): number {
    const hot = this.#hot;
    const at = this.#at;
    const lastUs = hot[at + LAST_US] ?? 0;
    if (endUs <= lastUs || !Number.isFinite(score)) return this.spreadsAt(score);
    hot[at + LAST_US] = endUs;
    const stepUs = lastUs === 0 ? 0 : endUs - lastUs;
    const place = stretched(score);
    this.#noteGrain(place);
    const z = this.#tracker.push(place, stepUs);
    const watchedUs = this.#watched(stepUs);
    const seenUs = (hot[at + SEEN_US] ?? 0) + watchedUs;
    hot[at + SEEN_US] = seenUs;
    if (Number.isNaN(z)) return z;
    if ((hot[at + SILENT_SPREAD] ?? 0) > 0) this.#hearNoise(place, endUs);
    const bin = at + HISTOGRAM + Math.max(0, Math.min(BINS - 1, Math.floor((z - HISTOGRAM_FROM) / HISTOGRAM_STEP)));
    hot[bin] = (hot[bin] ?? 0) + 1;
    if (isAlarm || (hot[at + ALARM_US] ?? 0) > 0) this.#noteAlarm(z, endUs, isAlarm);
    if (seenUs < SETTLE_US) return z;
    hot[at + UNTOLD_US] = (hot[at + UNTOLD_US] ?? 0) + watchedUs;
    const peak = this.#finder.push(z, endUs, isAlarm && this.#cell(HEIGHT) !== 0);
    if (peak && !peak.isAlarm) this.#addPeak(peak.height, peak.timeUs);
    return z;
  }

  /** Somebody says whether the alarm that began then was right. A wrong one is background from now on; a right one never. */
  judge(alarmUs: number, isRight: boolean): void {
    const news = this.#alarms.judge(alarmUs, isRight);
    if (!news) return;
    if (news.goes === 'in') this.#store.add(news.height, news.timeUs, true);
    else this.#store.remove(news.timeUs, news.lastUs);
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
    this.#tellTime();
    return fitTail(this.#store.sample(this.#alarms.openHeights));
  }

  /** The highest single peaks of the last days, in spreads above the level, ascending. */
  get highest(): Float64Array {
    return this.#store.sample().heights;
  }

  /** Scores so far by their distance from the level. */
  get histogram(): Float64Array {
    return this.#hot.slice(this.#at + HISTOGRAM, this.#at + HISTOGRAM + BINS);
  }

  report(): BackgroundReport {
    const { threshold, tail } = this;
    const gaveUpUs = this.#cell(GAVE_UP_US);
    const level = cosineOf(this.#tracker.level);
    return {
      watchedMinutes: Math.round(this.#store.watchedUs / 6e6) / 10,
      peaks: this.#store.total,
      peaksNeeded: PEAKS_NEEDED,
      level,
      spread: this.#tracker.spread * (1 - level * level),
      ...(threshold !== undefined && { threshold: Math.min(1, threshold) }),
      ...(threshold !== undefined && tail && { expectedPerDay: rateAt(tail, this.spreadsAt(threshold)) }),
      events: tail?.events ?? 0,
      changes: this.#tracker.changes,
      ...(gaveUpUs > 0 && { gaveUpUs }),
    };
  }

  #noteGrain(place: number): void {
    const hot = this.#hot;
    const at = this.#at;
    const step = Math.abs(place - (hot[at + LAST] ?? 0));
    hot[at + LAST] = place;
    if (step < 1e-9) return;
    const grain = hot[at + GRAIN] ?? 0;
    const isFiner = grain === 0 || step < 0.999 * grain;
    hot[at + GRAIN_STEPS] = isFiner ? 0 : (hot[at + GRAIN_STEPS] ?? 0) + 1;
    if (isFiner) hot[at + GRAIN] = step;
  }

  /** What the scores are rounded to; 0 where they are not. */
  get #grain(): number {
    const grain = this.#cell(GRAIN);
    return this.#cell(GRAIN_STEPS) >= GRAIN_SURE && grain < GRAIN_SPREADS * this.#tracker.spread ? grain : 0;
  }

  /** A picture every four minutes watches all of the time; a microphone that is gone for four minutes does not. */
  #watched(stepUs: number): number {
    if (stepUs <= 0) return 0;
    const hot = this.#hot;
    const at = this.#at + USUAL_STEP_US;
    const usual = hot[at] ?? 0;
    hot[at] = usual === 0 ? stepUs : usual * (stepUs > usual ? 1 + STEP_NEWS : 1 - STEP_NEWS);
    return stepUs <= LONGEST_STEP_US ? stepUs : Math.min(stepUs, Math.max(LONGEST_STEP_US, USUAL_STEPS * usual));
  }

  #noteAlarm(z: number, endUs: number, isAlarm: boolean): void {
    const alarmUs = this.#cell(ALARM_US);
    if (isAlarm && alarmUs > 0) this.#alarms.extend(endUs, z);
    else if (isAlarm) {
      this.#put(ALARM_US, endUs);
      this.#alarms.begin(endUs, z, this.#cell(HEIGHT) === 0);
    } else {
      this.#put(ALARM_US, 0);
      this.#weighAlarm(alarmUs, endUs);
    }
  }

  /**
   * An alarm is over. What the tail can explain with it is a part of the tail until somebody says otherwise: left out, it would bring the
   * threshold down for ever.
   */
  #weighAlarm(alarmUs: number, endUs: number): void {
    const { tail } = this;
    if (this.#perDay === undefined || !tail) return;
    const isPlausible = this.#alarms.newestHeight <= tail.until;
    // So many would hardly come by chance from what was asked for: the world has changed, or it was learnt from too little.
    const most = this.#perDay + 3 * Math.sqrt(this.#perDay) + EVENTS_PER_DAY;
    const share = Math.min(1, AlarmRecord.MOST / most);
    const isTooOften = this.#alarms.open(endUs - share * DAY_US) >= share * most;
    if (isTooOften) this.#put(GAVE_UP_US, endUs);
    if (isPlausible || isTooOften)
      this.#alarms.giveUp(isTooOften ? endUs - DAY_US : alarmUs, (height, timeUs) => this.#store.add(height, timeUs, isTooOften));
    this.#refit();
  }

  #addPeak(height: number, timeUs: number): void {
    this.#tellTime();
    // A rounded peak lies anywhere within its grain: peaks of one height would look like a tail that ends there.
    const within = ((this.#store.total * GOLDEN) % 1) - 0.5;
    if (this.#store.add(height + (within * this.#grain) / this.#tracker.spread, timeUs)) this.#put(NEW_PEAKS, this.#cell(NEW_PEAKS) + 1);
    const isFirst = this.isReady && this.#cell(HEIGHT) === 0;
    if (isFirst || this.#cell(NEW_PEAKS) > NEWS * Math.min(this.#store.total, 2 * PEAKS_NEEDED)) this.#refit();
  }

  /** The store counts the time watched: told of it now and then, not with each score. */
  #tellTime(): void {
    this.#store.watch(this.#cell(UNTOLD_US));
    this.#put(UNTOLD_US, 0);
  }

  #refit(): void {
    this.#put(NEW_PEAKS, 0);
    if (this.#perDay === undefined || !this.isReady) return;
    const { tail } = this;
    if (!tail) return;
    const height = heightFor(tail, CAUTION * this.#perDay);
    // Noise that has just begun widens the spread before it is known for noise.
    const spread = Math.min(this.#tracker.spread, this.#cell(SILENT_SPREAD) || Number.POSITIVE_INFINITY);
    this.#put(HEIGHT, height);
    this.#put(SILENT_SPREAD, height * spread < LEAST_MARGIN ? spread : 0);
  }

  /** What was learnt in silence, or from a still picture, says nothing of noise: it is learnt anew. A step down is no noise. */
  #hearNoise(place: number, endUs: number): void {
    const silent = this.#cell(SILENT_SPREAD);
    const { level, spread } = this.#tracker;
    if (place > level + NOISE_SPREADS * silent) this.#put(NOISE_US, endUs);
    if (spread < NOISE_SPREADS * silent || endUs - this.#cell(NOISE_US) > NOISE_WITHIN_US) return;
    this.#store.clear();
    this.#put(HEIGHT, 0);
    this.#put(NEW_PEAKS, 0);
    this.#put(SILENT_SPREAD, 0);
    this.#tracker.noteChange();
  }

  #coldFrom(from: number, to: number): Float64Array {
    return this.#cold.subarray(from - HOT_CELLS, to - HOT_CELLS);
  }

  #put(place: number, value: number): void {
    this.#hot[this.#at + place] = value;
  }

  #cell(place: number): number {
    return this.#hot[this.#at + place] ?? 0;
  }
}

/** atanh and tanh, by what the engine does fastest. */
function stretched(cosine: number): number {
  const within = cosine > HIGHEST ? HIGHEST : cosine < -HIGHEST ? -HIGHEST : cosine;
  return 0.5 * Math.log((1 + within) / (1 - within));
}
const cosineOf = (place: number): number => 1 - 2 / (Math.exp(2 * place) + 1);

/** The cosine that lies so many spreads above the level, both as they are told to people. */
export function cosineAt({ level, spread }: Pick<BackgroundReport, 'level' | 'spread'>, spreads: number): number {
  return cosineOf(stretched(level) + (spreads * spread) / (1 - level * level));
}

/** The other way round: how many spreads a cosine is above the level. */
export const spreadsTo = ({ level, spread }: Pick<BackgroundReport, 'level' | 'spread'>, cosine: number): number =>
  ((stretched(cosine) - stretched(level)) * (1 - level * level)) / spread;

import { ArrivalJitter } from './arrival-jitter.ts';
import { Envelope } from './clock-envelope.ts';
import type { ClockPhase, ClockState } from './clock-state.ts';
import { CounterWrap } from './counter-wrap.ts';
import { LeastDelay } from './least-delay.ts';
import { SequenceTime } from './sequence-time.ts';
import { StampUnitFinder } from './stamp-unit.ts';

/** A corrected time and the bound of its error; `segment` changes where a clock stepped or restarted. */
export interface CorrectedTime {
  readonly timeUs: number;
  readonly errorUs: number;
  readonly segment: number;
}

export interface ClockModelOptions {
  /**
   * A stamp within so much of its arrival is taken as the epoch's time from a synchronised sender and used as it is.
   * Anything else is a device's own count, and its offset and drift are fitted. Default 1 s.
   */
  readonly trustWithinUs?: number;
  /** A disagreement above this between stamps and arrivals is a step of a clock. Default 1 s. */
  readonly stepUs?: number;
  /** Counts what is strange about a stamp, by a camelCase word. */
  readonly note?: (what: 'repeatedStamp' | 'decreasingStamp' | 'futureStamp' | 'wrongUnit' | 'stuckStamp') => void;
  /** Phase, segment or complaint of the `state` changed. */
  readonly onChange?: (state: ClockState) => void;
}

/** Strange stamps in a row after which the sender's clock is believed to have stepped, and is fitted anew. */
const STRANGE_IN_A_ROW = 5;
/** So long must all readings have been late before that is no queue on the way but a step. */
const LATE_FOR_US = 1_000_000;
/** A fitted clock that is suddenly so much ahead stepped: no way to us gets faster by that. */
const AHEAD_US = 250_000;
/** All readings of 5 s this much above the line, and many times its error: the clock stepped back a little. */
const RISE_US = 100_000;
const RISE_ERRORS = 8;
/** A newer reading with a stamp so much lower: the clock was set back. */
const BACK_US = 100_000;
/** A stamp that stood still so long, over several readings, is no clock. */
const STUCK_US = 1_000_000;
/** A sender this far ahead of us is told of. */
const FUTURE_US = 20_000;
/** Good stamps in a row after which a single bad one is forgiven. */
const FORGIVE_AFTER = 256;
/** A fitted clock is slewed by at most this share of elapsed time, so that time neither jumps nor runs backwards. */
const MAX_SLEW = 0.1;
/** A fit is warm below this error, or after half a minute. */
const WARM_ERROR_US = 5000;
const WARM_AFTER_US = 30_000_000;

/**
 * Turns one source's device stamps into event times on the host's clock.
 *
 * A reading without a stamp happened when it arrived; where its numbers come at an even rate they count the time (see
 * `SequenceTime`). Stamps close to their arrival are trusted as they are. All others (sample counters, device uptime, clocks that
 * were never set) are fitted: the delay between stamp and arrival is never negative, so the line under all points (offset and
 * drift) is the clock, whatever the jitter above it (see `Envelope`).
 *
 * Readings that come in the order of their stamps get times that never run backwards, over steps and restarts too; one that
 * was overtaken is placed where it belongs.
 */
export class ClockModel {
  readonly #trustWithinUs: number;
  readonly #stepUs: number;
  readonly #note: NonNullable<ClockModelOptions['note']>;
  readonly #onChange: NonNullable<ClockModelOptions['onChange']>;
  readonly #units = new StampUnitFinder();
  readonly #wrap = new CounterWrap();
  readonly #jitter = new ArrivalJitter();
  readonly #sequence = new SequenceTime();
  #mode: 'unknown' | 'trusted' | 'fitted' = 'unknown';
  #phase: ClockPhase = 'arrival';
  #segment = 0;
  #began = '';
  #complaint = '';
  /** The sender has said parts of its unit. */
  #hasFractions = false;
  #errorUs = 0;
  #strange = 0;
  #goodInARow = 0;
  #lateSinceUs = 0;
  #envelope = new Envelope();
  #least = new LeastDelay();
  #lastStamp = Number.NaN;
  #sameSinceUs = 0;
  #same = 0;
  /** The newest stamp, and the event time that it was given. */
  #lastDeviceUs = Number.NaN;
  #lastTimeUs = Number.NEGATIVE_INFINITY;

  constructor({ trustWithinUs = 1_000_000, stepUs = 1_000_000, note, onChange }: ClockModelOptions = {}) {
    this.#trustWithinUs = trustWithinUs;
    this.#stepUs = stepUs;
    this.#note = note ?? (() => undefined);
    this.#onChange = onChange ?? (() => undefined);
  }

  get state(): ClockState {
    const isFit = this.#phase === 'warmingUp' || this.#phase === 'fitted';
    return {
      phase: this.#phase,
      segment: this.#segment,
      began: this.#began,
      complaint: this.#complaint,
      offsetUs: Number.isFinite(this.#lastDeviceUs) && this.#phase !== 'arrival' ? Math.round(this.#lastTimeUs - this.#lastDeviceUs) : 0,
      driftPpm: isFit ? Math.round(this.#envelope.drift * 1e7) / 10 : 0,
      errorUs: Math.round(this.#errorUs),
    };
  }

  /**
   * The event time of a reading.
   *
   * @param stamp the sender's stamp, or undefined where it has none
   * @param arrivalUs host time of arrival
   * @param isNewer whether its number says that it was sent after all others; absent: not known
   * @returns undefined for a stamp that cannot be right in a stream whose others are (the caller counts it as `badStamp`)
   */
  correct(stamp: number | undefined, arrivalUs: number, isNewer?: boolean): CorrectedTime | undefined {
    if (stamp === undefined) return this.#byArrival(arrivalUs);
    if (!Number.isFinite(stamp)) {
      this.#bad(`a stamp is ${stamp}`);
      return undefined;
    }
    const deviceUs = this.#inMicroseconds(stamp, arrivalUs);
    if (deviceUs === undefined || this.#isStuck(stamp, arrivalUs)) return this.#byArrival(arrivalUs);
    const isPlausible = Math.abs(arrivalUs - deviceUs) <= this.#trustWithinUs;
    if (this.#mode === 'unknown') this.#mode = isPlausible ? 'trusted' : 'fitted';
    if (this.#mode === 'trusted') {
      if (isPlausible) return this.#byTrust(deviceUs, arrivalUs, isNewer);
      if (++this.#strange < STRANGE_IN_A_ROW) {
        this.#bad(`a stamp is ${shown((deviceUs - arrivalUs) / 1e6)} s from its arrival`);
        return undefined;
      }
      this.#mode = 'fitted';
      this.#restart(`the sender's clock stepped to ${shown((deviceUs - arrivalUs) / 1e6)} s from ours`);
    }
    return this.#byFit(deviceUs, arrivalUs, isNewer);
  }

  /**
   * The event time of a reading that has a number but no stamp.
   *
   * @param seq the number, growing also when the sender started again
   * @param periodUs how long the reading lasts, where its payload says it; 0: it does not
   */
  correctSequence(seq: number, arrivalUs: number, periodUs = 0): CorrectedTime {
    if (this.#sequence.isUneven) return this.#byArrival(arrivalUs);
    const stampUs = this.#sequence.stampUs(seq, arrivalUs, periodUs > 0 ? periodUs : undefined);
    if (stampUs === undefined) return this.#byArrival(arrivalUs, 'warmingUp');
    if (this.#mode === 'unknown') {
      this.#mode = 'fitted';
      this.#envelope = new Envelope({ maxDrift: 5e-3, usualDrift: 1e-3 });
      for (const [pairStampUs, pairArrivalUs] of this.#sequence.takePairs()) this.#envelope.add(pairStampUs, pairArrivalUs);
      this.#lastDeviceUs = Number.NaN;
    }
    const segment = this.#segment;
    const corrected = this.#byFit(stampUs, arrivalUs, undefined);
    if (corrected.segment !== segment) {
      this.#sequence.restart(true);
      this.#mode = 'unknown';
    }
    return corrected;
  }

  /** The sender of numbers without stamps started again: what was learnt of its rate is void. */
  sequenceRestarted(): void {
    this.#sequence.restart(false);
    this.#mode = 'unknown';
    this.#restart('the sender started again');
  }

  /** The host's own clock jumped forwards by so much (0: it could not be followed back): a fitted clock goes on without a new warm-up. */
  hostStepped(byUs: number): void {
    if (!this.#envelope.isEmpty) this.#envelope.shift(byUs);
    this.#lastDeviceUs = Number.NaN;
    this.#begin(byUs > 0 ? `the host's clock stepped by ${shown(byUs / 1e6)} s` : "the host's clock was set back");
  }

  /** The stamp in microseconds and without wraps; undefined where it is too coarse to be of use. */
  #inMicroseconds(stamp: number, arrivalUs: number): number | undefined {
    const wraps = this.#wrap.wraps;
    const raw = this.#wrap.next(stamp, arrivalUs, this.#units.unit.scale);
    // The count goes on without a seam, and so does the fit.
    if (this.#wrap.wraps !== wraps) this.#begin("the sender's counter wrapped");
    if (this.#units.look(raw, arrivalUs)) {
      this.#mode = 'unknown';
      this.#envelope = new Envelope();
      this.#lastDeviceUs = Number.NaN;
      const { name, scale } = this.#units.unit;
      this.#complain(inOtherUnit(name, scale));
    }
    const { name, scale } = this.#units.unit;
    if (scale === 1) return raw;
    this.#note('wrongUnit');
    if (!Number.isInteger(raw)) {
      // A second that is whole by chance.
      if (!this.#hasFractions) this.#complain(inOtherUnit(name, scale));
      this.#hasFractions = true;
    }
    if (name !== 'seconds' || this.#hasFractions) return raw * scale;
    this.#complain('stamps are whole seconds: readings count as of their arrival; send microseconds');
    return undefined;
  }

  #isStuck(stamp: number, arrivalUs: number): boolean {
    if (stamp !== this.#lastStamp) {
      if (this.#same >= STRANGE_IN_A_ROW && arrivalUs - this.#sameSinceUs > STUCK_US) this.#restart("the sender's stamp moves again");
      this.#lastStamp = stamp;
      this.#sameSinceUs = arrivalUs;
      this.#same = 0;
      return false;
    }
    this.#note('repeatedStamp');
    if (++this.#same < STRANGE_IN_A_ROW || arrivalUs - this.#sameSinceUs <= STUCK_US) return false;
    this.#note('stuckStamp');
    this.#complain(`the stamp stands still at ${stamp}: readings count as of their arrival`);
    this.#goodInARow = 0;
    return true;
  }

  #byArrival(arrivalUs: number, phase: ClockPhase = 'arrival'): CorrectedTime {
    this.#jitter.add(arrivalUs);
    this.#enter(phase);
    this.#errorUs = this.#jitter.errorUs;
    this.#lastTimeUs = Math.max(this.#lastTimeUs, Math.round(arrivalUs));
    return { timeUs: this.#lastTimeUs, errorUs: Math.round(this.#errorUs), segment: this.#segment };
  }

  #byTrust(deviceUs: number, arrivalUs: number, isNewer: boolean | undefined): CorrectedTime {
    this.#strange = 0;
    this.#enter('synchronised');
    if (isNewer === true && deviceUs < this.#lastDeviceUs - BACK_US) {
      this.#begin(`the sender's clock stepped by ${shown((deviceUs - this.#lastDeviceUs) / 1e6)} s`);
      this.#lastDeviceUs = Number.NaN;
    }
    const delayUs = arrivalUs - deviceUs;
    this.#errorUs = Math.max(Math.abs(this.#least.add(delayUs, arrivalUs)), -delayUs);
    if (delayUs < -FUTURE_US) {
      this.#note('futureStamp');
      this.#complain(`stamps are up to ${Math.round(this.#errorUs / 1000)} ms after their arrival: the sender's clock is ahead of ours`);
      this.#goodInARow = 0;
    } else this.#good();
    return this.#place(deviceUs, deviceUs);
  }

  #byFit(deviceUs: number, arrivalUs: number, isNewer: boolean | undefined): CorrectedTime {
    const stepped = this.#stepOf(deviceUs, arrivalUs, isNewer);
    if (stepped !== '') {
      this.#restart(stepped);
      if (Math.abs(arrivalUs - deviceUs) <= this.#trustWithinUs) {
        this.#mode = 'trusted';
        return this.#byTrust(deviceUs, arrivalUs, isNewer);
      }
    }
    if (this.#envelope.isEmpty || this.#lateSinceUs === 0) this.#envelope.add(deviceUs, arrivalUs);
    const isWarm =
      this.#envelope.spanUs >= WARM_AFTER_US || (this.#envelope.errorUs <= WARM_ERROR_US && this.#envelope.spanUs >= 2_000_000);
    this.#enter(isWarm ? 'fitted' : 'warmingUp');
    this.#errorUs = this.#envelope.errorUs;
    this.#good();
    return this.#place(deviceUs, this.#envelope.at(deviceUs));
  }

  /** Why these two clocks no longer belong together, in words; empty where they do. */
  #stepOf(deviceUs: number, arrivalUs: number, isNewer: boolean | undefined): string {
    if (this.#envelope.isEmpty) return '';
    const elapsedUs = deviceUs - this.#lastDeviceUs;
    if (elapsedUs < -this.#stepUs || (isNewer === true && elapsedUs < -BACK_US)) {
      return Math.abs(deviceUs) < this.#stepUs
        ? "the sender's counter began again"
        : `the sender's clock stepped by ${shown(elapsedUs / 1e6)} s`;
    }
    const delayUs = this.#envelope.delay(deviceUs, arrivalUs);
    if (delayUs < -this.#stepUs || (this.#phase === 'fitted' && delayUs < -AHEAD_US)) {
      return `the sender's clock stepped by ${shown(-delayUs / 1e6)} s`;
    }
    if (this.#envelope.riseUs > Math.max(RISE_US, RISE_ERRORS * this.#envelope.errorUs)) {
      return `the sender's clock stepped by ${shown(-this.#envelope.riseUs / 1e6)} s`;
    }
    if (delayUs <= this.#stepUs) {
      this.#strange = 0;
      this.#lateSinceUs = 0;
      return '';
    }
    // Late by so much may be a queue on its way: the clock is believed until the lateness stays.
    if (this.#strange++ === 0) this.#lateSinceUs = arrivalUs;
    if (this.#strange < STRANGE_IN_A_ROW || arrivalUs - this.#lateSinceUs < LATE_FOR_US) return '';
    return `the sender's clock stood still, or ours stepped, by ${shown(delayUs / 1e6)} s`;
  }

  /** Slews towards what is wanted; what a straggler wants, it gets. */
  #place(deviceUs: number, wantedUs: number): CorrectedTime {
    const step = deviceUs - this.#lastDeviceUs;
    let timeUs: number;
    if (Number.isNaN(step)) timeUs = Math.max(wantedUs, this.#lastTimeUs);
    else if (step > 0) {
      timeUs = Math.min(Math.max(wantedUs, this.#lastTimeUs + step * (1 - MAX_SLEW)), this.#lastTimeUs + step * (1 + MAX_SLEW));
    } else if (step < 0) {
      this.#note('decreasingStamp');
      timeUs = Math.min(wantedUs, this.#lastTimeUs);
    } else timeUs = this.#lastTimeUs;
    const errorUs = Math.round(this.#errorUs + Math.abs(timeUs - wantedUs));
    if (!(step <= 0)) {
      this.#lastDeviceUs = deviceUs;
      this.#lastTimeUs = timeUs;
    }
    return { timeUs: Math.round(timeUs), errorUs, segment: this.#segment };
  }

  #bad(complaint: string): void {
    this.#goodInARow = 0;
    this.#complain(`${complaint}: such readings are dropped as badStamp`);
  }

  #good(): void {
    if (this.#complaint === '' || this.#units.unit.scale !== 1 || ++this.#goodInARow < FORGIVE_AFTER) return;
    this.#complain('');
  }

  #complain(complaint: string): void {
    // Figures in a complaint move; that alone is no news.
    const isNews = complaint.replace(/[\d.-]+/g, '') !== this.#complaint.replace(/[\d.-]+/g, '');
    if (!isNews) return;
    this.#complaint = complaint;
    this.#onChange(this.state);
  }

  #enter(phase: ClockPhase): void {
    if (this.#phase === phase) return;
    this.#phase = phase;
    this.#onChange(this.state);
  }

  /** A new segment on the same fit. */
  #begin(why: string): void {
    this.#segment++;
    this.#began = why;
    this.#onChange(this.state);
  }

  /** A new segment that knows nothing yet. */
  #restart(why: string): void {
    this.#strange = 0;
    this.#lateSinceUs = 0;
    this.#envelope = new Envelope();
    this.#lastDeviceUs = Number.NaN;
    if (this.#phase === 'fitted') this.#phase = 'warmingUp';
    this.#begin(why);
  }
}

const shown = (seconds: number): string => `${seconds > 0 ? '+' : ''}${Number(seconds.toPrecision(3))}`;

const inOtherUnit = (name: string, scale: number): string =>
  `stamps are in ${name}, not microseconds: they are multiplied by ${scale}; correct the sender`;

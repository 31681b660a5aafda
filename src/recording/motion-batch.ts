import type { ProtoWriter } from './proto-writer.ts';
import { readingBody } from './record-block.ts';
import { MOTION_FIELDS } from './schemas.ts';

/** A message holds so many readings at most, of so long: lines that another program draws of the newest ones have a point each 0.1 s. */
const MAX_READINGS = 64;
const MAX_SPAN_US = 100_000;
const AXES = 6;
/** Whole numbers up to here have steps that a double holds exactly, doubled as zigzag wants it. */
const MAX_WHOLE = 2 ** 52;
const STAMPS = ['deviceUs', 'seq', 'sampleSeq', 'errorUs'] as const;

/**
 * Readings of an inertial sensor on their way into one message, a column for each number. A message of its own, with its time, its number
 * and its place in the index, is three times as large as what such a sensor says; columns of steps are half as large as that.
 */
export class MotionBatch {
  readonly channelId: number;
  readonly #values = new Float32Array(AXES * MAX_READINGS);
  readonly #columns = {
    place: new Float64Array(MAX_READINGS),
    arrivalUs: new Float64Array(MAX_READINGS),
    eventUs: new Float64Array(MAX_READINGS),
    deviceUs: new Float64Array(MAX_READINGS),
    seq: new Float64Array(MAX_READINGS),
    sampleSeq: new Float64Array(MAX_READINGS),
    errorUs: new Float64Array(MAX_READINGS),
  };
  #count = 0;
  #sequence = 0;

  constructor(channelId: number) {
    this.channelId = channelId;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** Number of the first reading in its channel. */
  get sequence(): number {
    return this.#sequence;
  }

  get newestLogUs(): number {
    return this.#columns.arrivalUs[this.#count - 1] ?? 0;
  }

  get newestPublishUs(): number {
    return this.#columns.eventUs[this.#count - 1] ?? 0;
  }

  /**
   * Takes a reading; false: it does not go with those before, and `write` must come first. What an empty one does not take is to be
   * written as a message of its own.
   *
   * @param place which of all readings and messages of its chunk it is
   */
  add(sequence: number, place: number, logUs: number, publishUs: number, body: Uint8Array): boolean {
    const reading = readingBody(body);
    const at = this.#count;
    const { arrivalUs, eventUs, place: places } = this.#columns;
    if (at > 0) {
      const spanUs = logUs - (arrivalUs[0] ?? 0);
      if (at === MAX_READINGS || sequence !== this.#sequence + at || spanUs < 0 || spanUs >= MAX_SPAN_US) return false;
    }
    for (const stamp of STAMPS) {
      const value = reading[stamp];
      if (!Number.isNaN(value) && !(Number.isInteger(value) && value >= 0 && value <= MAX_WHOLE)) return false;
      if (at > 0 && Number.isNaN(value) !== Number.isNaN(this.#columns[stamp][0])) return false;
    }
    if (reading.bytes.length !== 4 * AXES) return false;
    for (const stamp of STAMPS) this.#columns[stamp][at] = reading[stamp];
    arrivalUs[at] = Math.round(logUs);
    eventUs[at] = Math.round(publishUs);
    places[at] = place;
    const values = new DataView(reading.bytes.buffer, reading.bytes.byteOffset, reading.bytes.byteLength);
    for (let axis = 0; axis < AXES; axis++) this.#values[axis * MAX_READINGS + at] = values.getFloat32(4 * axis, true);
    if (at === 0) this.#sequence = sequence;
    this.#count++;
    return true;
  }

  /** Appends the columns to a message whose other fields say the newest reading, which is given back. The batch is empty then. */
  write(writer: ProtoWriter): void {
    for (const [axis, field] of MOTION_FIELDS.axes.entries())
      writer.bytes(field, new Uint8Array(this.#values.buffer, 4 * axis * MAX_READINGS, 4 * this.#count));
    for (const [name, field] of Object.entries(MOTION_FIELDS.steps)) {
      const column = this.#columns[name as keyof typeof MOTION_FIELDS.steps];
      if (!Number.isNaN(column[0])) writer.steps(field, column.subarray(0, this.#count));
    }
    this.#count = 0;
  }

  /** The newest reading's six numbers. */
  newest(axis: number): number {
    return this.#values[axis * MAX_READINGS + this.#count - 1] ?? 0;
  }
}

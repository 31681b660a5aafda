import { z } from 'zod';
import { senseSchema } from '../core/modality-schema.ts';
import { BACKGROUND_CELLS } from '../space/background.ts';
import type { Kept } from '../space/familiar.ts';

/** What a frame's body holds, one after the other: u8 kind, then as the writer below puts it. */
const NAME = 1;
const TIME = 2;
const SCORE = 3;
const VERDICT = 4;
const FAMILIAR = 5;
const CELLS = 6;

const nameSchema = z.object({
  rule: z.string(),
  source: z.string(),
  modality: senseSchema,
  key: z.string(),
  perDay: z.number().optional(),
});
/** Whose background the following is about. */
export type BackgroundName = z.output<typeof nameSchema>;

const verdictSchema = z.object({ rule: z.string(), source: z.string(), alarmUs: z.number(), isRight: z.boolean() });

/** Hears what a file holds, in order. */
export interface RecordReader {
  cells(name: BackgroundName, cells: Float64Array): void;
  score(name: BackgroundName, score: number, endUs: number, isUp: boolean): void;
  verdict(verdict: z.output<typeof verdictSchema>): void;
  /** @param space undefined in files of before spaces were noted */
  familiar(source: string, space: string | undefined, kept: Kept): void;
}

/** Collects records in one growing buffer. */
export class RecordWriter {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #timeUs = Number.NaN;

  get size(): number {
    return this.#at;
  }

  name(index: number, name: BackgroundName): void {
    this.#json(NAME, name, 4);
    this.#view.setUint32(this.#at - 4, index, true);
  }

  score(index: number, score: number, endUs: number, isUp: boolean): void {
    this.#room(24);
    if (endUs !== this.#timeUs) {
      this.#view.setUint8(this.#at, TIME);
      this.#view.setFloat64(this.#at + 1, endUs, true);
      this.#at += 9;
      this.#timeUs = endUs;
    }
    this.#view.setUint8(this.#at, SCORE);
    this.#view.setUint32(this.#at + 1, index * 2 + (isUp ? 1 : 0), true);
    this.#view.setFloat32(this.#at + 5, score, true);
    this.#at += 9;
  }

  verdict(verdict: z.output<typeof verdictSchema>): void {
    this.#json(VERDICT, verdict, 0);
  }

  familiar(source: string, space: string, { slot, timeUs, vector }: Kept): void {
    this.#json(FAMILIAR, { source, space, slot, timeUs, numbers: vector.length }, 4 * vector.length);
    const start = this.#at - 4 * vector.length;
    for (const [i, value] of vector.entries()) this.#view.setFloat32(start + 4 * i, value, true);
  }

  cells(name: BackgroundName, cells: Float64Array): void {
    this.#json(CELLS, { ...name, numbers: cells.length }, 8 * cells.length);
    const start = this.#at - 8 * cells.length;
    for (const [i, value] of cells.entries()) this.#view.setFloat64(start + 8 * i, value, true);
  }

  /** What was collected; the writer begins anew. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#at);
    this.#at = 0;
    this.#timeUs = Number.NaN;
    return taken;
  }

  #json(kind: number, value: object, behind: number): void {
    const text = new TextEncoder().encode(JSON.stringify(value));
    this.#room(5 + text.length + behind);
    this.#view.setUint8(this.#at, kind);
    this.#view.setUint32(this.#at + 1, text.length, true);
    this.#bytes.set(text, this.#at + 5);
    this.#at += 5 + text.length + behind;
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + bytes));
    grown.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}

/**
 * Reads the records of one file; names count from frame to frame. What does not make sense ends the frame.
 *
 * @param names filled with the names that the file announces
 */
export function readRecords(body: Uint8Array, names: Map<number, BackgroundName>, reader: RecordReader): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  let at = 0;
  let timeUs = 0;
  const json = <T>(schema: z.ZodType<T>): T => {
    const length = view.getUint32(at + 1, true);
    const text = new TextDecoder().decode(body.subarray(at + 5, at + 5 + length));
    at += 5 + length;
    return schema.parse(JSON.parse(text));
  };
  while (at < body.length) {
    const kind = view.getUint8(at);
    if (kind === NAME) {
      const name = json(nameSchema);
      names.set(view.getUint32(at, true), name);
      at += 4;
    } else if (kind === TIME) {
      timeUs = view.getFloat64(at + 1, true);
      at += 9;
    } else if (kind === SCORE) {
      const packed = view.getUint32(at + 1, true);
      const name = names.get(packed >>> 1);
      if (name) reader.score(name, view.getFloat32(at + 5, true), timeUs, packed % 2 === 1);
      at += 9;
    } else if (kind === VERDICT) reader.verdict(json(verdictSchema));
    else if (kind === FAMILIAR) {
      const { source, space, slot, timeUs: keptUs, numbers } = json(familiarSchema);
      checkRoom(4 * numbers, body.length - at);
      const vector = Float32Array.from({ length: numbers }, (_, i) => view.getFloat32(at + 4 * i, true));
      at += 4 * numbers;
      reader.familiar(source, space, { slot, timeUs: keptUs, vector });
    } else if (kind === CELLS) {
      const { numbers, ...name } = json(cellsSchema);
      checkRoom(8 * numbers, body.length - at);
      const cells = Float64Array.from({ length: numbers }, (_, i) => view.getFloat64(at + 8 * i, true));
      at += 8 * numbers;
      // Of another layout: begun anew rather than misread.
      if (numbers === BACKGROUND_CELLS) reader.cells(name, cells);
    } else throw new RangeError(`unknown kind of record ${kind}`);
  }
}

const cellsSchema = nameSchema.extend({ numbers: z.number().int().min(0).max(1e6) });
const familiarSchema = z.object({
  source: z.string(),
  space: z.string().optional(),
  slot: z.number().int().min(0),
  timeUs: z.number(),
  numbers: z.number().int().min(1).max(65_536),
});

/** Nothing is allocated because a length claims it. */
function checkRoom(wanted: number, left: number): void {
  if (wanted > left) throw new RangeError(`numbers of ${wanted} bytes where ${left} are left`);
}

/**
 * Records on their way from the event loop to the recording thread: one growing array of bytes that is handed over, not copied.
 * Each payload is copied once, into the block; nothing is allocated for a record.
 *
 * A record: u32 length of all of it, u16 topic, u16 zero, f64 logUs, f64 publishUs, then the body of its kind.
 */
import type { Payload } from '../core/types.ts';

const HEAD = 24;
const READING_HEAD = 40;

export interface BlockRecord {
  readonly topic: number;
  /** Host time of arrival. */
  readonly logUs: number;
  /** Event time where it is known, else host time. */
  readonly publishUs: number;
  /** A view into the block. */
  readonly body: Uint8Array;
}

/** What is known of a reading beside its payload; NaN: not known. */
export interface ReadingStamp {
  readonly deviceUs: number;
  readonly seq: number;
  readonly sampleSeq: number;
  readonly errorUs: number;
}

export class RecordBlock {
  #bytes = new Uint8Array(64 * 1024);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #count = 0;

  get length(): number {
    return this.#length;
  }

  get count(): number {
    return this.#count;
  }

  reading(topic: number, logUs: number, publishUs: number, stamp: ReadingStamp, payload: Payload): void {
    const bytes = payloadBytes(payload);
    const at = this.#begin(topic, logUs, publishUs, READING_HEAD + bytes.length);
    this.#view.setFloat64(at, stamp.deviceUs, true);
    this.#view.setFloat64(at + 8, stamp.seq, true);
    this.#view.setFloat64(at + 16, stamp.sampleSeq, true);
    this.#view.setFloat64(at + 24, stamp.errorUs, true);
    this.#view.setUint32(at + 32, 'width' in payload ? payload.width : 'rateHz' in payload ? payload.rateHz : 0, true);
    this.#view.setUint32(at + 36, 'height' in payload ? payload.height : 0, true);
    this.#bytes.set(bytes, at + READING_HEAD);
  }

  /** A body that is text, followed by a vector: u32 length of the text in bytes, the text, the vector. */
  vector(topic: number, logUs: number, publishUs: number, text: string, vector: Float32Array): void {
    const textBytes = Buffer.byteLength(text);
    const at = this.#begin(topic, logUs, publishUs, 4 + textBytes + vector.byteLength);
    this.#view.setUint32(at, textBytes, true);
    Buffer.from(this.#bytes.buffer).write(text, at + 4);
    this.#bytes.set(new Uint8Array(vector.buffer, vector.byteOffset, vector.byteLength), at + 4 + textBytes);
  }

  text(topic: number, logUs: number, text: string): void {
    const at = this.#begin(topic, logUs, logUs, Buffer.byteLength(text));
    Buffer.from(this.#bytes.buffer).write(text, at);
  }

  /** Gives the bytes away and begins anew. */
  take(): Uint8Array<ArrayBuffer> {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#bytes = new Uint8Array(Math.max(64 * 1024, Math.min(this.#bytes.length, 1024 * 1024)));
    this.#view = new DataView(this.#bytes.buffer);
    this.#length = 0;
    this.#count = 0;
    return taken;
  }

  #begin(topic: number, logUs: number, publishUs: number, bodyBytes: number): number {
    const start = this.#length;
    const end = start + HEAD + bodyBytes;
    if (end > this.#bytes.length) this.#grow(end);
    this.#view.setUint32(start, HEAD + bodyBytes, true);
    this.#view.setUint32(start + 4, topic, true);
    this.#view.setFloat64(start + 8, logUs, true);
    this.#view.setFloat64(start + 16, publishUs, true);
    this.#length = end;
    this.#count++;
    return start + HEAD;
  }

  #grow(atLeast: number): void {
    const bytes = new Uint8Array(Math.max(atLeast, 2 * this.#bytes.length));
    bytes.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

/** The records of a block, in order. */
export function* recordsOf(block: Uint8Array): Generator<BlockRecord> {
  const view = viewOf(block);
  for (let at = 0; at < block.length;) {
    const length = view.getUint32(at, true);
    yield {
      topic: view.getUint32(at + 4, true),
      logUs: view.getFloat64(at + 8, true),
      publishUs: view.getFloat64(at + 16, true),
      body: block.subarray(at + HEAD, at + length),
    };
    at += length;
  }
}

/** The body of a reading, taken apart; `a` and `b` are width and height, or `a` the rate of sound. */
export function readingBody(body: Uint8Array): ReadingStamp & { readonly a: number; readonly b: number; readonly bytes: Uint8Array } {
  const view = viewOf(body);
  return {
    deviceUs: view.getFloat64(0, true),
    seq: view.getFloat64(8, true),
    sampleSeq: view.getFloat64(16, true),
    errorUs: view.getFloat64(24, true),
    a: view.getUint32(32, true),
    b: view.getUint32(36, true),
    bytes: body.subarray(READING_HEAD),
  };
}

/** The body of a vector, taken apart. */
export function vectorBody(body: Uint8Array): { readonly text: string; readonly bytes: Uint8Array } {
  const textBytes = viewOf(body).getUint32(0, true);
  return { text: Buffer.from(body.subarray(4, 4 + textBytes)).toString(), bytes: body.subarray(4 + textBytes) };
}

/** What is recorded of a payload: its numbers as they lie in memory (little endian on every machine that is supported), or its JPEG. */
export function payloadBytes(payload: Payload): Uint8Array {
  switch (payload.kind) {
    case 'encoded':
      return payload.bytes;
    case 'rgb24':
      return payload.jpeg ?? payload.data;
    case 'pcm':
      return bytesOf(payload.data);
    case 'thermal':
      return bytesOf(payload.celsius);
    case 'depth':
      return bytesOf(payload.mm);
    case 'imu':
    case 'features':
    case 'array':
      return bytesOf(payload.values);
  }
}

const bytesOf = (array: Float32Array | Uint16Array): Uint8Array => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
